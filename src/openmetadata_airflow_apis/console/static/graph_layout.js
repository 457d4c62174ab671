// Where the nodes and edges of a graph are drawn; worked out beside the page, in a worker.

let worker = null;
let asked = 0;
const waiting = new Map();

// Resolves to what layout_worker.js answers.
export function layOut({ nodes, groups, edges }) {
  worker ??= started();
  asked += 1;
  const id = asked;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, nodes, groups, edges });
  });
}

function started() {
  const made = new Worker(new URL("./layout_worker.js", import.meta.url), { type: "module" });
  made.addEventListener("message", ({ data }) => {
    waiting.get(data.id)?.resolve(data);
    waiting.delete(data.id);
  });
  made.addEventListener("error", () => {
    worker = null;
    for (const { reject } of waiting.values()) reject(new Error("The graph could not be laid out."));
    waiting.clear();
  });
  return made;
}

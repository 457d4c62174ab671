// Where the nodes and edges of a graph are drawn, computed in a worker.

let worker = null;
let lastId = 0;
const waiting = new Map();

// Resolves to what layout_worker.js answers.
export function layOut({ nodes, groups, edges }) {
  worker ??= startWorker();
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, nodes, groups, edges });
  });
}

function startWorker() {
  const newWorker = new Worker(new URL("./layout_worker.js", import.meta.url), { type: "module" });
  newWorker.addEventListener("message", ({ data }) => {
    waiting.get(data.id)?.resolve(data);
    waiting.delete(data.id);
  });
  newWorker.addEventListener("error", () => {
    newWorker.terminate();
    worker = null;
    for (const { reject } of waiting.values()) reject(new Error("The graph could not be laid out."));
    waiting.clear();
  });
  return newWorker;
}

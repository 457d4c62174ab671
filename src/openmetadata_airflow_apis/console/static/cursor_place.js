// What stands where somebody writes, in a document that is not finished: the keys around it, and whether a key or a
// value is wanted. Syntax trees have no answer to that before the document is whole.

// Answers { path, wants: "key" or "value", from }: path has the keys and indexes around, for a value its own key too;
// from is the offset where the word begins that is being written.
export function placeAt(text, offset) {
  return isJson(text) ? inJson(text.slice(0, offset)) : inYaml(text.slice(0, offset));
}

export function isJson(text) {
  return text.trimStart().startsWith("{");
}

function inJson(before) {
  const open = []; // { isMap, key, index, wants } of each brace and bracket that is still to be closed
  const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g;
  let last = null;
  for (let found = token.exec(before); found; found = token.exec(before)) {
    last = { text: found[0], at: found.index };
    const around = open.at(-1);
    if (last.text === "{") open.push({ isMap: true, key: null, wants: "key" });
    else if (last.text === "[") open.push({ isMap: false, index: 0, wants: "value" });
    else if (last.text === "}" || last.text === "]") open.pop();
    else if (last.text === "," && around) Object.assign(around, around.isMap ? { wants: "key", key: null } : { index: around.index + 1 });
    else if (last.text === ":" && around) around.wants = "value";
    else if (around?.isMap && around.wants === "key") around.key = unquoted(last.text);
  }
  const isWord = last && !"{}[],:".includes(last.text) && last.at + last.text.length === before.length && !isClosed(last.text);
  const around = open.at(-1);
  const wants = around ? around.wants : "value";
  const path = open.map(({ isMap, key, index }) => (isMap ? key : index));
  if (wants === "key") path.pop();
  return { path, wants, from: isWord ? last.at : before.length };
}

function isClosed(word) {
  return word.length > 1 && word.startsWith('"') && /[^\\](\\\\)*"$/.test(word);
}

function unquoted(word) {
  try {
    return JSON.parse(word);
  } catch {
    return word.replaceAll('"', "");
  }
}

const KEY = /^("[^"]*"|'[^']*'|[^\s#'"{}[\],&*!|>%@`-][^#:]*?)\s*:(?:\s+(.*)|)$/;

function inYaml(before) {
  const lines = before.split("\n");
  const here = parsed(lines.pop());
  const path = [];
  let limit = here.column; // what stands further left is around it
  let isItem = false; // a list may stand as far left as the key that it belongs to

  function climb({ dashes, column, key, value }, isHere) {
    const holds = isHere || !value || /^[#&!|>]/.test(value);
    if (key !== null && holds && (isHere || column < limit || (isItem && column === limit))) {
      path.unshift(key);
      limit = column;
      isItem = false;
    }
    for (const dash of [...dashes].reverse()) {
      if (dash >= limit) continue;
      path.unshift(0);
      limit = dash;
      isItem = true;
    }
  }

  climb(here, true);
  for (const line of lines.reverse()) {
    if (limit === 0 && !isItem) break;
    if (line.trim() && !line.trimStart().startsWith("#")) climb(parsed(line), false);
  }
  const word = here.key === null ? here.text : here.value;
  const wants = here.key === null ? (here.dashes.length ? "item" : "key") : "value";
  return { path, wants, from: before.length - word.length };
}

// The columns of a line's dashes and of what comes after them, which is a key with its value, or a text.
function parsed(line) {
  const dashes = [];
  let column = /^ */.exec(line)[0].length;
  while (/^- /.test(line.slice(column)) || line.slice(column) === "-") {
    dashes.push(column);
    column += 1 + /^ */.exec(line.slice(column + 1))[0].length;
  }
  const text = line.slice(column);
  const found = KEY.exec(text);
  return { dashes, column, text, key: found ? found[1].replace(/^["']|["']$/g, "") : null, value: found ? (found[2] ?? "") : null };
}

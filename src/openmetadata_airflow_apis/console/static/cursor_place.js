// The place where somebody writes in an unfinished document: the keys around it, and whether a key or a value is
// expected. A syntax tree can't say that before the document is complete.

// Answers { path, wants, from }. path: the keys and indexes around the place, and for a value its own key. wants: "key",
// "value", or "item" for a list's item, which can be either. from: the offset where the word being written begins.
export function placeAt(text, offset) {
  return isJson(text) ? inJson(text.slice(0, offset)) : inYaml(text.slice(0, offset));
}

export function isJson(text) {
  return text.trimStart().startsWith("{");
}

function inJson(before) {
  const openBrackets = []; // { isMap, key, index, wants } of each brace and bracket that is not closed yet
  const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/g;
  let lastToken = null;
  for (let match = token.exec(before); match; match = token.exec(before)) {
    lastToken = { text: match[0], at: match.index };
    const enclosing = openBrackets.at(-1);
    if (lastToken.text === "{") openBrackets.push({ isMap: true, key: null, wants: "key" });
    else if (lastToken.text === "[") openBrackets.push({ isMap: false, index: 0, wants: "value" });
    else if (lastToken.text === "}" || lastToken.text === "]") openBrackets.pop();
    else if (lastToken.text === "," && enclosing) Object.assign(enclosing, enclosing.isMap ? { wants: "key", key: null } : { index: enclosing.index + 1 });
    else if (lastToken.text === ":" && enclosing) enclosing.wants = "value";
    else if (enclosing?.isMap && enclosing.wants === "key") enclosing.key = unquoted(lastToken.text);
  }
  const isWord = lastToken && !"{}[],:".includes(lastToken.text) && lastToken.at + lastToken.text.length === before.length && !isClosed(lastToken.text);
  const enclosing = openBrackets.at(-1);
  const wants = enclosing ? enclosing.wants : "value";
  const path = openBrackets.map(({ isMap, key, index }) => (isMap ? key : index));
  if (wants === "key") path.pop();
  return { path, wants, from: isWord ? lastToken.at : before.length };
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
  let limit = here.column; // lines that begin further left are around it
  let isItem = false; // a list may begin as far left as its key

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

// Answers the columns of a line's dashes and of the text after them, and its key and value if it has a key.
function parsed(line) {
  const dashes = [];
  let column = /^ */.exec(line)[0].length;
  while (/^- /.test(line.slice(column)) || line.slice(column) === "-") {
    dashes.push(column);
    column += 1 + /^ */.exec(line.slice(column + 1))[0].length;
  }
  const text = line.slice(column);
  const match = KEY.exec(text);
  return { dashes, column, text, key: match ? match[1].replace(/^["']|["']$/g, "") : null, value: match ? (match[2] ?? "") : null };
}

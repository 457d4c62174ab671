// Two JSON documents beside each other, line by line: what went at the left, what came at the right.

import { h } from "./dom.js";
import { diffComm } from "./libraries/diff3.js";

const AROUND = 3; // equal lines that are shown around a difference
const FOLDED = 2 * AROUND + 4; // of so many equal lines or more, the middle is folded

// null is no document. names: { label, before, after }.
export function textDifference(before, after, { label, before: old, after: now }) {
  const [left, right] = [linesOf(before), linesOf(after)];
  const parts = diffComm(left.map(({ key }) => key), right.map(({ key }) => key));
  let [at, to] = [0, 0];
  const body = parts.flatMap((part, index) => {
    if (part.common) {
      const pairs = part.common.map((_, place) => row(left[at + place].text, at + place + 1, right[to + place].text, to + place + 1));
      at += pairs.length;
      to += pairs.length;
      return folded(pairs, index === 0, index === parts.length - 1);
    }
    const pairs = Array.from({ length: Math.max(part.buffer1.length, part.buffer2.length) }, (_, place) => {
      const [went, came] = [place < part.buffer1.length, place < part.buffer2.length];
      return row(went ? left[at + place].text : null, at + place + 1, came ? right[to + place].text : null, to + place + 1, true);
    });
    at += part.buffer1.length;
    to += part.buffer2.length;
    return pairs;
  });
  const head = h("tr", {}, h("th", { scope: "col" }, old), h("th", { scope: "col" }, now));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", { class: "text-difference" }, h("thead", {}, head), h("tbody", {}, body)),
  );
}

function row(old, oldNumber, now, nowNumber, differs = false) {
  return h("tr", {}, cell(old, oldNumber, differs && "−", "went"), cell(now, nowNumber, differs && "+", "came"));
}

function cell(text, number, sign, kind) {
  if (text === null) return h("td", { class: "nothing" });
  return h("td", { class: sign ? kind : "" }, h("span", { class: "line-number", "aria-hidden": "true" }, String(number)), sign && h("span", { class: "line-sign" }, sign), text);
}

// The middle of many equal lines, behind a button.
function folded(rows, isFirst, isLast) {
  const [head, tail] = [isFirst ? 0 : AROUND, isLast ? 0 : AROUND];
  if (rows.length < FOLDED) return rows;
  const hidden = rows.slice(head, rows.length - tail);
  const unfold = () => {
    place.replaceWith(...hidden);
  };
  const place = h("tr", {}, h("td", { colspan: 2, class: "equal-lines" }, h("button", { type: "button", class: "button link", onclick: unfold }, `${hidden.length} equal lines`)));
  return [...rows.slice(0, head), place, ...rows.slice(rows.length - tail)];
}

// A document's lines as JSON.stringify has them, each with a key that says where in the document it stands: the many
// lines that hold a bracket alone are not taken for each other.
function linesOf(value) {
  const lines = [];
  const add = (depth, text, path) => lines.push({ text: "  ".repeat(depth) + text, key: `${path} ${text.replace(/,$/, "")}` });
  const walk = (item, depth, path, before, after) => {
    const entries = item && typeof item === "object" ? Object.entries(item) : [];
    if (!entries.length) return add(depth, `${before}${JSON.stringify(item)}${after}`, path);
    const isList = Array.isArray(item);
    add(depth, `${before}${isList ? "[" : "{"}`, path);
    entries.forEach(([name, inner], index) => {
      const comma = index < entries.length - 1 ? "," : "";
      walk(inner, depth + 1, `${path}/${isList ? "" : name}`, isList ? "" : `${JSON.stringify(name)}: `, comma);
    });
    return add(depth, `${isList ? "]" : "}"}${after}`, path);
  };
  if (value !== null) walk(value, 0, "", "", "");
  return lines;
}

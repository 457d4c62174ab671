// Two JSON documents side by side, line by line: removed lines at the left, added ones at the right.

import { h } from "./dom.js";
import { diffComm } from "./libraries/diff3.js";

const AROUND = 3; // equal lines that are shown around a difference
const FOLDED = 2 * AROUND + 4; // from so many equal lines on, their middle is folded

// before, after: documents, null for none. The last argument has the texts of the label and of the columns' heads.
export function textDifference(before, after, { label, before: leftHead, after: rightHead }) {
  const [left, right] = [linesOf(before), linesOf(after)];
  const parts = diffComm(left.map(({ key }) => key), right.map(({ key }) => key));
  let [leftIndex, rightIndex] = [0, 0];
  const body = parts.flatMap((part, index) => {
    if (part.common) {
      const pairs = part.common.map((_, place) => row(left[leftIndex + place].text, leftIndex + place + 1, right[rightIndex + place].text, rightIndex + place + 1));
      leftIndex += pairs.length;
      rightIndex += pairs.length;
      return folded(pairs, index === 0, index === parts.length - 1);
    }
    const pairs = Array.from({ length: Math.max(part.buffer1.length, part.buffer2.length) }, (_, place) => {
      const [hasLeft, hasRight] = [place < part.buffer1.length, place < part.buffer2.length];
      return row(hasLeft ? left[leftIndex + place].text : null, leftIndex + place + 1, hasRight ? right[rightIndex + place].text : null, rightIndex + place + 1, true);
    });
    leftIndex += part.buffer1.length;
    rightIndex += part.buffer2.length;
    return pairs;
  });
  const head = h("tr", {}, h("th", { scope: "col" }, leftHead), h("th", { scope: "col" }, rightHead));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
    h("table", { class: "text-difference" }, h("thead", {}, head), h("tbody", {}, body)),
  );
}

function row(leftText, leftNumber, rightText, rightNumber, differs = false) {
  return h("tr", {}, cell(leftText, leftNumber, differs && "−", "went"), cell(rightText, rightNumber, differs && "+", "came"));
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
    const first = hidden[0].cells[0];
    first.tabIndex = -1; // a keyboard or a screen reader goes on there: the button is gone
    first.focus({ preventScroll: true });
  };
  const place = h("tr", {}, h("td", { colspan: 2, class: "equal-lines" }, h("button", { type: "button", class: "button link", onclick: unfold }, `${hidden.length} equal lines`)));
  return [...rows.slice(0, head), place, ...rows.slice(rows.length - tail)];
}

// A document's lines as JSON.stringify writes them. Each has a key with its path in the document, so that the many lines
// with only a bracket are not taken for each other.
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

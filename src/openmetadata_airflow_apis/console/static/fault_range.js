// Which part of a text a fault is about: what the editors underline and select.

const TEXT = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'`;
const WORD = new RegExp(`^(?:${TEXT}|[^\\s:,{}[\\]]+)(?:\\s*:\\s+(?:${TEXT}|[^\\s"'{[|>&#,}\\]][^#,}\\]]*))?`);

// Answers { from, to }, the range of a fault in a text: of a key with its value, or without it if that is a whole block.
export function rangeOf(text, { line, column }) {
  const lines = text.split("\n");
  const index = Math.min(line ?? 1, lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, { length }) => sum + length + 1, 0);
  const lineText = lines[index];
  // A column counts characters, some of which are two units of a JavaScript text.
  const offset = Math.min([...lineText].slice(0, (column ?? 1) - 1).join("").length, Math.max(0, lineText.trimEnd().length - 1));
  const word = WORD.exec(lineText.slice(offset));
  const end = offset + (word ? word[0].trimEnd().length : 1);
  return { from: start + offset, to: start + Math.min(end, Math.max(lineText.length, offset)) };
}

// Sets a flag of a workflow, such as `force`, in the JSON text that deploys it. All else stays as it was written: parsed and
// written again, a number that JavaScript can't hold would be another.

// Answers the text with a flag of the workflow, such as `force`, set to true; all else stays as it was written.
export function withFlag(text, name) {
  const { places } = positions(text);
  const flat = !places.has("/workflow");
  const owner = flat ? "" : "/workflow";
  const key = flat ? { force: "forceDeploy" }[name] : name;
  const flag = places.get(`${owner}/${key}`);
  if (flag) return `${text.slice(0, flag.start)}true${text.slice(flag.end)}`;
  const brace = places.get(owner).start + 1;
  const textAfter = text.slice(brace);
  const gap = /^\s*/.exec(textAfter)[0];
  return `${text.slice(0, brace)}${gap}"${key}": true,${textAfter}`;
}

// Answers { places, error }. places: a map from each pointer to { start, end, key }, offsets into the text; key is that of
// the member's name, if it has one. error: { offset, detail } if the text is not JSON from there on, else null; places
// then has the values before it.
function positions(text) {
  const places = new Map();
  let position = 0;

  function fail(detail) {
    throw Object.assign(new SyntaxError(detail), { offset: position });
  }
  function space() {
    while (position < text.length && " \t\n\r".includes(text[position])) position += 1;
  }
  function expect(character) {
    space();
    if (text[position] !== character) fail(`expected ${character}`);
    position += 1;
  }
  function string() {
    space();
    if (text[position] !== '"') fail('expected a key in " "');
    const start = position;
    position += 1;
    while (position < text.length && text[position] !== '"') position += text[position] === "\\" ? 2 : 1;
    if (position >= text.length) {
      position = start;
      fail("the text in this line has no closing quotation mark");
    }
    position += 1;
    try {
      return JSON.parse(text.slice(start, position));
    } catch {
      position = start;
      return fail("this text has a line break or a backslash that JSON does not know");
    }
  }
  function members(pointer, close, member) {
    position += 1;
    space();
    if (text[position] === close) {
      position += 1;
      return;
    }
    for (let index = 0; ; index += 1) {
      member(index);
      space();
      if (text[position] === close) break;
      if (text[position] !== ",") fail(`expected , or ${close}`);
      position += 1;
    }
    position += 1;
  }
  function value(pointer, key) {
    space();
    const start = position;
    places.set(pointer, { start, end: text.length, key });
    if (text[position] === "{") {
      members(pointer, "}", () => {
        space();
        const keyAt = position;
        const name = string();
        expect(":");
        value(`${pointer}/${escape(name)}`, keyAt);
      });
    } else if (text[position] === "[") {
      members(pointer, "]", (index) => value(`${pointer}/${index}`));
    } else if (text[position] === '"') {
      string();
    } else {
      const word = /^(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?)/.exec(text.slice(position, position + 400));
      if (!word) fail(position < text.length ? "expected a value" : "the text ends too soon");
      position += word[0].length;
    }
    places.set(pointer, { start, end: position, key });
  }

  try {
    value("");
    space();
    if (position < text.length) fail("expected the end of the text");
    return { places, error: null };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { places, error: { offset: Math.min(position, text.length), detail: error.message } };
  }
}

function escape(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

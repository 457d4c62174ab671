// Where each value of a JSON text stands, so that one of them can be changed and all else stays as it was written.

// Answers { places, error }: places maps each pointer to { start, end, key }, offsets into the text
// (key is the offset of the member's name, where there is one); error is { offset, detail } where the
// text stops being JSON, else null. What stands before the error is in places.
export function positions(text) {
  const places = new Map();
  let at = 0;

  function fail(detail) {
    throw Object.assign(new SyntaxError(detail), { offset: at });
  }
  function space() {
    while (at < text.length && " \t\n\r".includes(text[at])) at += 1;
  }
  function expect(character) {
    space();
    if (text[at] !== character) fail(`expected ${character}`);
    at += 1;
  }
  function string() {
    space();
    if (text[at] !== '"') fail('expected a key in " "');
    const start = at;
    at += 1;
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    if (at >= text.length) {
      at = start;
      fail("the text in this line has no closing quotation mark");
    }
    at += 1;
    try {
      return JSON.parse(text.slice(start, at));
    } catch {
      at = start;
      return fail("this text has a line break or a backslash that JSON does not know");
    }
  }
  function members(pointer, close, member) {
    at += 1;
    space();
    if (text[at] === close) {
      at += 1;
      return;
    }
    for (let index = 0; ; index += 1) {
      member(index);
      space();
      if (text[at] === close) break;
      if (text[at] !== ",") fail(`expected , or ${close}`);
      at += 1;
    }
    at += 1;
  }
  function value(pointer, key) {
    space();
    const start = at;
    places.set(pointer, { start, end: text.length, key });
    if (text[at] === "{") {
      members(pointer, "}", () => {
        space();
        const keyAt = at;
        const name = string();
        expect(":");
        value(`${pointer}/${escape(name)}`, keyAt);
      });
    } else if (text[at] === "[") {
      members(pointer, "]", (index) => value(`${pointer}/${index}`));
    } else if (text[at] === '"') {
      string();
    } else {
      const word = /^(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?)/.exec(text.slice(at, at + 400));
      if (!word) fail(at < text.length ? "expected a value" : "the text ends too soon");
      at += word[0].length;
    }
    places.set(pointer, { start, end: at, key });
  }

  try {
    value("");
    space();
    if (at < text.length) fail("expected the end of the text");
    return { places, error: null };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { places, error: { offset: Math.min(at, text.length), detail: error.message } };
  }
}

function escape(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

// Set a flag of the workflow, such as `force`, in the text, leaving everything else as it was written.
export function withFlag(text, name) {
  const { places } = positions(text);
  const flat = !places.has("/workflow");
  const owner = flat ? "" : "/workflow";
  const key = flat ? { force: "forceDeploy" }[name] : name;
  const flag = places.get(`${owner}/${key}`);
  if (flag) return `${text.slice(0, flag.start)}true${text.slice(flag.end)}`;
  const brace = places.get(owner).start + 1;
  const rest = text.slice(brace);
  const gap = /^\s*/.exec(rest)[0];
  return `${text.slice(0, brace)}${gap}"${key}": true,${rest}`;
}

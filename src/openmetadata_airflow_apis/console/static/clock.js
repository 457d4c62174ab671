// Durations that count while something runs.

import { duration, h } from "./dom.js";

// How long it has run since `start`, counted on every second. ahead: by how many milliseconds the server's clock is before this one.
export function counting(start, ahead = 0) {
  const element = h("span", { class: "counting", "data-start": Date.parse(start) - ahead });
  tell(element);
  return element;
}

function tell(element) {
  element.textContent = duration(Math.max(0, Date.now() - Number(element.dataset.start)) / 1000);
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("#rest-api .counting")) tell(element);
}, 1000);

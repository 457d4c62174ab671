// Durations that count while something runs.

import { duration, h } from "./dom.js";

// Answers an element with the time since `start`, renewed every second. ahead: milliseconds that the server's clock is ahead of this one.
export function counting(start, ahead = 0) {
  const element = h("span", { class: "counting", "data-start": Date.parse(start) - ahead });
  showDuration(element);
  return element;
}

function showDuration(element) {
  element.textContent = duration(Math.max(0, Date.now() - Number(element.dataset.start)) / 1000);
}

setInterval(() => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("#rest-api .counting")) showDuration(element);
}, 1000);

// Tells at the top of the page when the webserver is slow, does not answer, or has ended the session.

import { fill, h, notice } from "./dom.js";

const SLOW = 5000; // milliseconds until a request is called slow

const place = h("div", { class: "connection", role: "status" });
const pending = new Map(); // id of a request → when it began
let trouble = null; // "" while all is well: "unreachable" or "signed out"
let shown = "";
let counter = 0;

// Answers a function to be called with the request's answer. Requests with a token of their own say nothing of the session.
export function watched({ token }) {
  counter += 1;
  const id = counter;
  pending.set(id, Date.now());
  setTimeout(tell, SLOW + 50);
  return ({ status }) => {
    pending.delete(id);
    if (status === 0) trouble = "unreachable";
    else if (status === 401 && !token) trouble = "signed out";
    else if (!token || trouble === "unreachable") trouble = null;
    tell();
  };
}

function tell() {
  const slow = [...pending.values()].some((began) => Date.now() - began > SLOW);
  const now = trouble ?? (slow ? "slow" : "");
  if (now === shown) return;
  shown = now;
  if (!place.isConnected) document.querySelector("#rest-api .stage").before(place);
  fill(place, now && MESSAGES[now]());
}

const MESSAGES = {
  slow: () => notice("", "The webserver takes long to answer. What is shown stays, and the page goes on once the answer is there."),
  unreachable: () => notice("bad", "The webserver does not answer. What is shown is what it last said; the page tries again by itself."),
  "signed out": () =>
    notice("bad", "Your session has ended. ", h("a", { href: window.location.pathname, target: "_blank" }, "Sign in again in another tab"), ", and go on here: what you have written stays."),
};

// Tells at the top of the page when the webserver is slow, does not answer, or has ended the session.

import { fill, h, notice } from "./dom.js";
import { polling } from "./polling.js";

const SLOW = 5000; // milliseconds until a request is called slow
const LOOK = 3000; // milliseconds between two questions whether all is well again

const place = h("div", { class: "connection", role: "status" });
const pending = new Map(); // id of a request → when it is late
let trouble = null; // "unreachable" or "signed out", null while all is well
let isAway = false; // since trouble began, until it is known that all is well again
let shownMessage = "";
let counter = 0;
let askStatus = null;
const listeners = new Set();
const recovery = polling(async () => {
  const status = await askStatus();
  if (status === 401) trouble = "signed out";
  else if (status === 200 || (status !== 0 && trouble === "unreachable")) trouble = null;
  showTrouble();
  if (status !== 200) return LOOK;
  isAway = false;
  for (const listener of [...listeners]) listener();
  return null;
});

// ask() resolves to the status of an answer that somebody who is signed in gets with 200; 0 without an answer.
export function askWhetherAllIsWell(ask) {
  askStatus = ask;
}

// Calls listener() each time the webserver answers again, or somebody has signed in again; answers a function that ends
// this. Views that don't renew themselves go on by it.
export function whenAllIsWellAgain(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Answers a function to call with the request's answer. The answer to a request with its own token says nothing about the
// session. A request may ask the server itself to wait, by `wait` seconds.
export function watched({ token, query }) {
  counter += 1;
  const id = counter;
  const patience = SLOW + 1000 * (Number(query?.wait) || 0);
  pending.set(id, Date.now() + patience);
  setTimeout(showTrouble, patience + 50);
  return ({ status }) => {
    pending.delete(id);
    if (status === 401 && !token) away("signed out");
    else if (status === 0) away("unreachable");
    else if (trouble === "unreachable") trouble = null;
    showTrouble();
  };
}

// Later answers may be to requests from before a session ended, so that only asking ends that.
function away(reason) {
  if (trouble !== "signed out") trouble = reason;
  if (isAway) return;
  isAway = true;
  setTimeout(recovery.now, LOOK);
}

function showTrouble() {
  const slow = [...pending.values()].some((late) => Date.now() > late);
  const message = trouble ?? (slow ? "slow" : "");
  if (message === shownMessage) return;
  shownMessage = message;
  if (!place.isConnected) document.querySelector("#rest-api .stage").before(place);
  fill(place, message && MESSAGES[message]());
}

const MESSAGES = {
  slow: () => notice("", "The webserver takes long to answer. What is shown stays, and the page goes on once the answer is there."),
  unreachable: () => notice("bad", "The webserver does not answer. What is shown is what it last said; the page tries again by itself."),
  "signed out": () =>
    notice("bad", "Your session has ended. ", h("a", { href: window.location.pathname, target: "_blank" }, "Sign in again in another tab"), ", and go on here: what you have written stays."),
};

// Tells at the top of the page when the webserver is slow, does not answer, or has ended the session.

import { fill, h, notice } from "./dom.js";
import { polling } from "./polling.js";

const SLOW = 5000; // milliseconds until a request is called slow
const LOOK = 3000; // milliseconds between two questions whether somebody has signed in

const place = h("div", { class: "connection", role: "status" });
const pending = new Map(); // id of a request → when it began
let trouble = null; // "unreachable" or "signed out", null while all is well
let shownMessage = "";
let counter = 0;
let isSignedIn = null;
const listeners = new Set();
const signInPoll = polling(async () => {
  if (trouble !== "signed out") return null;
  if (!(await isSignedIn())) return LOOK;
  trouble = null;
  showTrouble();
  for (const listener of [...listeners]) listener();
  return null;
});

// ask() resolves to whether somebody is signed in.
export function askWhoIsSignedIn(ask) {
  isSignedIn = ask;
}

// Calls listener() each time somebody has signed in again; answers a function that ends this.
export function whenSignedInAgain(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

// Answers a function to call with the request's answer. The answer to a request with its own token says nothing about the
// session.
export function watched({ token }) {
  counter += 1;
  const id = counter;
  pending.set(id, Date.now());
  setTimeout(showTrouble, SLOW + 50);
  return ({ status }) => {
    pending.delete(id);
    if (status === 401 && !token) signedOut();
    else if (status === 0) trouble = "unreachable";
    else if (trouble === "unreachable") trouble = null;
    showTrouble();
  };
}

// Later answers may be to requests from before, so that only asking who is signed in ends this.
function signedOut() {
  if (trouble === "signed out") return;
  trouble = "signed out";
  signInPoll.now();
}

function showTrouble() {
  const slow = [...pending.values()].some((began) => Date.now() - began > SLOW);
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

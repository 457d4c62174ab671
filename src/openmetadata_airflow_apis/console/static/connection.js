// Tells at the top of the page when the webserver is slow, does not answer, or has ended the session.

import { fill, h, notice } from "./dom.js";
import { polling } from "./polling.js";

const SLOW = 5000; // milliseconds until a request is called slow
const LOOK = 3000; // milliseconds after which it is asked again whether somebody has signed in

const place = h("div", { class: "connection", role: "status" });
const pending = new Map(); // id of a request → when it began
let trouble = null; // "" while all is well: "unreachable" or "signed out"
let shown = "";
let counter = 0;
let isSignedIn = null;
const waiting = new Set();
const look = polling(async () => {
  if (trouble !== "signed out") return null;
  if (!(await isSignedIn())) return LOOK;
  trouble = null;
  tell();
  for (const goOn of [...waiting]) goOn();
  return null;
});

// ask() resolves to whether somebody is signed in.
export function askWhoIsSignedIn(ask) {
  isSignedIn = ask;
}

// Calls goOn() each time somebody has signed in again; answers a function that ends this.
export function whenSignedInAgain(goOn) {
  waiting.add(goOn);
  return () => waiting.delete(goOn);
}

// Answers a function to be called with the request's answer. Requests with a token of their own say nothing of the session.
export function watched({ token }) {
  counter += 1;
  const id = counter;
  pending.set(id, Date.now());
  setTimeout(tell, SLOW + 50);
  return ({ status }) => {
    pending.delete(id);
    if (status === 401 && !token) signedOut();
    else if (status === 0) trouble = "unreachable";
    else if (trouble === "unreachable") trouble = null;
    tell();
  };
}

// What is answered from now on may have been asked before: only a look at who is signed in ends this.
function signedOut() {
  if (trouble === "signed out") return;
  trouble = "signed out";
  look.now();
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

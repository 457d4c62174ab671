// The browser's session: what the webserver wrote into the page for it, its CSRF token, and how a page that is looked at
// keeps it alive.

import { askWhetherAllIsWell } from "./connection_notice.js";

// What the webserver wrote into the page: addresses, the CSRF token, whether the user may deploy.
export const config = JSON.parse(document.querySelector("#rest-api").dataset.config);

export const PERMISSIONS = "/rest_api/permissions"; // answers what the user may do, and the session's CSRF token
const RENEWAL = 5 * 60 * 1000; // milliseconds after which a visible page prolongs the session

// The page's CSRF token is outdated after an hour, or once somebody has signed in again in another tab. The API then
// answers 403, the page's own addresses Flask-WTF's 400.
export function isOldToken({ token }, { status, body }) {
  return (status === 403 || status === 400) && !token && /\bCSRF\b/.test(body?.detail ?? body ?? "");
}

let renewed = Date.now();

// Prolongs the session of a page that is looked at, if that was not done for some minutes.
export function prolongSession() {
  if (!document.hidden && Date.now() - renewed > RENEWAL) renewToken("?prolong");
}

// Resolves to the answer's status, 0 without an answer. The query can prolong the session, which nothing else does.
export async function renewToken(query = "") {
  renewed = Date.now();
  try {
    const response = await fetch(config.root + PERMISSIONS + query, { credentials: "same-origin" });
    if (response.ok) {
      const { csrf_token: token, operations } = await response.json();
      Object.assign(config, { csrf_token: token, may_deploy: operations.includes("deploy_dag") });
    }
    return response.status;
  } catch {
    return 0;
  }
}

askWhetherAllIsWell(() => renewToken());

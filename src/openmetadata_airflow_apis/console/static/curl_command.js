// The curl command that does the same as a request.

import { target } from "./http.js";
import { config } from "./session.js";

export function curl(request, { needsToken = true } = {}) {
  const parts = [`curl -X ${request.method} ${quote(window.location.origin + config.root + target(request))}`];
  if (request.token || needsToken) parts.push('-H "Authorization: Bearer $TOKEN"');
  for (const [name, value] of Object.entries(request.headers || {})) parts.push(`-H ${quote(`${name}: ${value}`)}`);
  if (request.body) parts.push("-H 'Content-Type: application/json'", `--data-raw ${quote(request.body)}`);
  for (const [name, value] of Object.entries(request.form || {})) {
    parts.push(`--data-urlencode ${quote(`${name}=${value}`)}`);
  }
  return parts.join(" \\\n  ");
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// The server's JSON API.

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("the server does not answer; is `quantal app` still running?", 0);
  }
  const content = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(content?.error?.message ?? `the server answered ${response.status}`, response.status);
  return content;
}

export const get = (path, { signal } = {}) => ask(path, { signal });

export const post = (path, body, { signal } = {}) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });

export const send = (path, file, { signal } = {}) =>
  ask(path, { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file, signal });

// Work that runs aside: POST starts it, then its progress is watched until it ends. Aborting cancels it.
export async function job(path, body, { signal, onprogress } = {}) {
  let found = await post(path, body, { signal });
  const address = `/api/jobs/${found.id}`;
  const cancel = () => fetch(address, { method: "DELETE" });
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    while (found.state === "waiting" || found.state === "running") {
      onprogress?.(found);
      found = await get(`${address}?wait=20`, { signal });
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  if (found.state === "done") return found.result;
  if (found.state === "cancelled") throw new DOMException("cancelled", "AbortError");
  throw new Refused(found.error, 422);
}

// The newest question wins: while one is under way, only the last of those that came since is asked next.
export function newest(question) {
  let busy = false;
  let next = null;
  return async function run(...given) {
    if (busy) {
      next = given;
      return;
    }
    busy = true;
    try {
      await question(...given);
    } finally {
      busy = false;
      if (next) {
        const last = next;
        next = null;
        run(...last);
      }
    }
  };
}

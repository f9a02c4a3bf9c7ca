// Work under way, with its progress and a button that cancels it; and what went wrong, in words.

import { job } from "./api.js";
import { h, replace } from "./elements.js";
import { announce } from "./announce.js";

// Does the work at `path`, shows it in `place`, and resolves to its result, or to null where it was cancelled or failed.
export async function work(place, what, path, body, { signal } = {}) {
  const stop = new AbortController();
  signal?.addEventListener("abort", () => stop.abort(), { once: true });
  const bar = h("progress", { "aria-label": what });
  const told = h("span", { class: "told" }, what);
  const cancel = h("button", { type: "button", class: "quiet", onclick: () => stop.abort() }, "Cancel");
  replace(place, h("div", { class: "working" }, told, bar, cancel));
  announce(what);
  const onprogress = (found) => {
    if (!found.total) return;
    bar.max = found.total;
    bar.value = found.done;
  };
  try {
    const result = await job(path, body, { signal: stop.signal, onprogress });
    replace(place);
    return result;
  } catch (error) {
    if (signal?.aborted) return null;
    if (error.name === "AbortError") {
      replace(place, h("p", { class: "quiet" }, "Cancelled. "));
      announce("cancelled");
    } else failed(place, error);
    return null;
  }
}

export function failed(place, error) {
  if (error.name === "AbortError") return;
  replace(place, h("p", { class: "failed", role: "alert" }, error.message));
}

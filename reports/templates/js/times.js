// Time elements, and the clock that keeps "4 min ago" true while the page stays open.

import { h } from "./dom.js";
import { age, dateTime, utc, withZone } from "./format.js";
import { say } from "./words.js";

export function time(ms, form = dateTime) {
  // A direction of its own isolates it: a time beside Arabic or Hebrew words keeps its order.
  return h("time", { dir: "ltr", datetime: new Date(ms).toISOString(), title: utc(ms) }, form(ms));
}

export function timeWithZone(ms) {
  return time(ms, withZone);
}

export function ago(ms) {
  return h("span", { class: "ago", "data-since": ms }, agoText(ms));
}

/** A moment and how long ago it was; `ms` may be null. */
export function when(ms) {
  return ms === null ? say("never") : h("span", { class: "when" }, time(ms), " ", ago(ms));
}

export function keepTime(also) {
  setInterval(() => {
    for (const node of document.querySelectorAll("[data-since]"))
      node.textContent = agoText(Number(node.dataset.since));
    also();
  }, 30000);
}

function agoText(ms) {
  const [key, n] = age(ms, Date.now());
  return say(key, { n });
}

/** How many seconds a run took, at least one. */
export function secondsOf({ started_at, finished_at }) {
  return Math.max(1, Math.round((Date.parse(finished_at) - Date.parse(started_at)) / 1000));
}

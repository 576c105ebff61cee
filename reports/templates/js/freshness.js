// Whether what a service holds is as new as it has to be: read from the source lately enough, by the settings' limit.

import { h, icon } from "./dom.js";
import { time, when } from "./times.js";
import { phrase, say } from "./words.js";

/** Services that are behind at the page's moment: what they hold was read longer ago than the limit allows. */
export function late(page) {
  const asOf = Date.parse(page.as_of);
  return page.freshness.filter(({ until }) => until !== null && Date.parse(until) < asOf);
}

/** How fresh one service of a scope is, as sign and words, with its limit in the title. */
export function freshness(page, scope, service) {
  const reading = page.freshness.find((known) => known.scope === scope && known.service === service);
  const figures = page.totals.find((known) => known.scope === scope)?.services.find((known) => known.service === service);
  if (figures?.failed_step) return failed(reading?.read_at ?? null);
  if (!reading || reading.read_at === null) return h("span", { class: "quiet" }, say("fresh.never"));
  const isLate = late(page).includes(reading);
  const limit = reading.until !== null && phrase("fresh.until", { when: time(Date.parse(reading.until)) });
  return h(
    "div",
    { class: isLate ? "fresh late" : "fresh" },
    h("div", { class: "fresh-word" }, icon(isLate ? "warn" : "check"), say(isLate ? "fresh.late" : "fresh.ok")),
    h("div", { class: "quiet" }, phrase("fresh.read", { when: when(Date.parse(reading.read_at)) })),
    isLate && h("div", { class: "quiet" }, limit),
  );
}

/** After a failed try nothing is green, because nobody knows what the source has now. */
function failed(readAt) {
  return h(
    "div",
    { class: "fresh late" },
    h("div", { class: "fresh-word" }, icon("warn"), say("fresh.failed")),
    h("div", { class: "quiet" }, readAt === null ? say("fresh.never") : phrase("fresh.read", { when: when(Date.parse(readAt)) })),
  );
}

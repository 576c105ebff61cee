// How each scope's source does: the last try to read it, what came of it, and how often it failed in a row.

import { sourcesCounted } from "./choices.js";
import { foreign, h } from "./dom.js";
import { decimal, number } from "./format.js";
import { figure } from "./figures.js";
import { outcome, section, table } from "./parts.js";
import { when } from "./times.js";
import { phrase, say } from "./words.js";

export function sources(page) {
  const heads = [
    { label: say("sources.source"), kind: "main" },
    { label: say("sources.last pull"), kind: "time" },
    { label: say("sources.outcome") },
    { label: say("sources.records"), kind: "num" },
    { label: say("sources.quarantined"), kind: "num" },
    { label: say("sources.took"), kind: "num" },
    { label: say("sources.failures"), kind: "num" },
  ];
  const rows = page.health.map((one) => row(page, one));
  return section("sources", say("sources"), table("sources", heads, [rows]), sourcesCounted(page));
}

function row(page, one) {
  return [
    [foreign(one.source), h("span", { class: "dot" }, " · "), foreign(one.scope)],
    one.ended_at === null ? say("never") : when(Date.parse(one.ended_at)),
    [outcome(one.outcome), one.error && h("p", { class: "error", dir: "auto" }, one.error)],
    one.records === null ? "–" : [number(one.records), one.what === "skus" && h("div", { class: "quiet" }, say("sources.of skus"))],
    inQuarantine(page, one),
    one.seconds === null ? "–" : phrase("sources.seconds", { n: decimal(one.seconds) }),
    h("span", { class: one.failures ? "error" : "zero" }, number(one.failures)),
  ];
}

/** What is in quarantine now, whichever pull put it there. */
function inQuarantine(page, { scope }) {
  const totals = page.totals.find((one) => one.scope === scope);
  return totals ? figure({ scope, service: page.services[0]?.name }, "quarantined", totals.quarantined) : "–";
}

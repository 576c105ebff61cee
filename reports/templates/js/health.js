// How each scope's source does: the last try to read it, what came of it, and how often it failed in a row.

import { counted } from "./figure_groups.js";
import { foreign, h } from "./dom.js";
import { decimal, number } from "./format.js";
import { figure } from "./figures.js";
import { outcome, section, table } from "./parts.js";
import { when } from "./times.js";
import { phrase, say } from "./words.js";

export function sources(page, card) {
  const heads = [
    { label: say("sources.source"), kind: "main" },
    { label: say("sources.last pull"), kind: "time" },
    { label: say("sources.outcome") },
    { label: say("sources.records"), kind: "num" },
    { label: say("sources.quarantined"), kind: "num" },
    { label: say("sources.took"), kind: "num" },
    { label: say("sources.failures"), kind: "num" },
  ];
  const rows = page.health.map((source) => row(page, source));
  return section("sources", say("sources"), table("sources", heads, [rows]), counted(page, card));
}

function row(page, source) {
  return [
    [foreign(source.source), h("span", { class: "dot" }, " · "), foreign(source.scope)],
    source.ended_at === null ? say("never") : when(Date.parse(source.ended_at)),
    [outcome(source.outcome), source.error && h("p", { class: "error", dir: "auto" }, source.error)],
    source.records === null ? "–" : [number(source.records), source.what === "skus" && h("div", { class: "quiet" }, say("sources.of skus"))],
    inQuarantine(page, source),
    source.seconds === null ? "–" : phrase("sources.seconds", { n: decimal(source.seconds) }),
    h("span", { class: source.failures ? "error" : "zero" }, number(source.failures)),
  ];
}

/** What is in quarantine now, whichever pull put it there. */
function inQuarantine(page, { scope }) {
  const totals = page.totals.find((scopeTotals) => scopeTotals.scope === scope);
  return totals ? figure({ scope, service: page.services[0]?.name }, "quarantined", totals.quarantined) : "–";
}

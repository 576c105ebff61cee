// What partial pulls missed, source by source, as complete pulls measured it; nothing where every pull is complete.

import { foreign, h } from "./dom.js";
import { note, section, table } from "./parts.js";
import { when } from "./times.js";
import { say } from "./words.js";

const UNITS = { d: 86400, h: 3600, min: 60 };

export function sources(page) {
  const partial = page.sources.filter((one) => one.reads !== "complete");
  if (!partial.length) return null;
  const heads = [
    { label: say("sources.source"), kind: "main" },
    { label: say("sources.whole"), kind: "prose" },
    { label: say("sources.missed"), kind: "num" },
    { label: say("sources.why"), kind: "prose" },
    { label: say("sources.advice"), kind: "prose" },
  ];
  return section("sources", say("sources"), note(say("sources.explain")), table("sources", heads, [partial.map(row)]));
}

function row(one) {
  return [
    [foreign(one.source), h("div", { class: "quiet" }, one.scopes.map((scope, i) => [i ? ", " : "", foreign(scope)]))],
    whole(one),
    one.missed_rate === null ? "" : rate(one),
    why(one),
    advice(one),
  ];
}

function whole(one) {
  if (one.reads === "changes") return say("sources.never whole");
  const last = one.last_complete_at && when(Date.parse(one.last_complete_at));
  const often = say("sources.every", { every: span(one.complete_every_seconds), back: span(one.lookback_seconds) });
  return [often, last && h("div", { class: "quiet" }, say("sources.last"), " ", last)];
}

/** A share in per cent, with the counts it is made of. */
export function rate(one) {
  const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
  const counts = say("sources.of", { n: one.missed, of: one.changed });
  return [percent.format(one.missed_rate), h("div", { class: "quiet" }, counts)];
}

function why(one) {
  if (!one.measured) return one.reads === "changes" ? "" : say("sources.unmeasured");
  const parts = ["unmoved", "late", "removed"].filter((name) => one[name]);
  if (!parts.length) return say("sources.nothing");
  return parts.map((name) => h("div", {}, say(`sources.${name}`, { n: one[name] })));
}

function advice(one) {
  const said = [];
  if (one.better_lookback_seconds) said.push(`lookback: ${span(one.better_lookback_seconds, true)}`);
  if (one.better_complete_every_seconds)
    said.push(`complete_every: ${span(one.better_complete_every_seconds, true)}`);
  return said.map((line) => h("div", {}, h("code", { dir: "ltr" }, line)));
}

/** Seconds in the largest unit that is whole, as people write it or (`plain`) as the settings file has it. */
export function span(seconds, plain = false) {
  const [unit, size] = Object.entries(UNITS).find(([, length]) => seconds % length === 0) ?? ["s", 1];
  return plain ? `${seconds / size}${unit[0]}` : `${seconds / size} ${unit}`;
}

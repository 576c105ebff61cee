// What partial pulls missed, source by source, as complete pulls measured it; nothing where every pull is complete.

import { missedCounted } from "./choices.js";
import { foreign, h } from "./dom.js";
import { percent } from "./format.js";
import { note, section, table } from "./parts.js";
import { when } from "./times.js";
import { say } from "./words.js";

const UNITS = { d: 86400, h: 3600, min: 60 };

export function missed(page) {
  const partial = page.sources.filter((one) => one.reads !== "complete");
  if (!partial.length) return null;
  const heads = [
    { label: say("missed.source"), kind: "main" },
    { label: say("missed.whole"), kind: "prose" },
    { label: say("missed.share"), kind: "num" },
    { label: say("missed.why"), kind: "prose" },
    { label: say("missed.advice"), kind: "prose" },
  ];
  const measured = partial.filter((one) => one.measured);
  const content = [note(say("missed.explain")), table("missed", heads, [partial.map(row)])];
  return section("missed", say("missed"), ...content, measured.length > 0 && missedCounted(page, measured));
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
  if (one.reads === "changes") return say("missed.never whole");
  const last = one.last_complete_at && when(Date.parse(one.last_complete_at));
  const often = say("missed.every", { every: span(one.complete_every_seconds), back: span(one.lookback_seconds) });
  return [often, last && h("div", { class: "quiet" }, say("missed.last"), " ", last)];
}

/** A share in per cent, with the counts it is made of. */
export function rate(one) {
  const counts = say("missed.of", { n: one.missed, of: one.changed });
  return [percent(one.missed_rate), h("div", { class: "quiet" }, counts)];
}

function why(one) {
  if (!one.measured) return one.reads === "changes" ? "" : say("missed.unmeasured");
  const parts = ["unmoved", "late", "removed"].filter((name) => one[name]);
  if (!parts.length) return say("missed.nothing");
  return parts.map((name) => h("div", {}, say(`missed.${name}`, { n: one[name] })));
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

// What partial pulls missed, source by source, as complete pulls measured it; nothing where every pull is complete.

import { counted } from "./figure_groups.js";
import { foreign, h } from "./dom.js";
import { percent } from "./format.js";
import { note, section, table } from "./parts.js";
import { when } from "./times.js";
import { say } from "./words.js";

const UNITS = { d: 86400, h: 3600, min: 60 };

export function missed(page, card) {
  const partial = page.sources.filter((source) => source.reads !== "complete");
  if (!partial.length) return null;
  const heads = [
    { label: say("missed.source"), kind: "main" },
    { label: say("missed.whole"), kind: "prose" },
    { label: say("missed.share"), kind: "num" },
    { label: say("missed.why"), kind: "prose" },
    { label: say("missed.advice"), kind: "prose" },
  ];
  const content = [note(say("missed.explain")), table("missed", heads, [partial.map(row)])];
  return section("missed", say("missed"), ...content, partial.some((source) => source.measured) && counted(page, card));
}

function row(source) {
  return [
    [foreign(source.source), h("div", { class: "quiet" }, source.scopes.map((scope, i) => [i ? ", " : "", foreign(scope)]))],
    whole(source),
    source.missed_rate === null ? "" : rate(source),
    why(source),
    advice(source),
  ];
}

function whole(source) {
  if (source.reads === "changes") return say("missed.never whole");
  const last = source.last_complete_at && when(Date.parse(source.last_complete_at));
  const often = say("missed.every", { every: span(source.complete_every_seconds), back: span(source.lookback_seconds) });
  return [often, last && h("div", { class: "quiet" }, say("missed.last"), " ", last)];
}

/** A share in per cent, with the counts it is made of. */
export function rate(source) {
  const counts = say("missed.of", { n: source.missed, of: source.changed });
  return [percent(source.missed_rate), h("div", { class: "quiet" }, counts)];
}

function why(source) {
  if (!source.measured) return source.reads === "changes" ? "" : say("missed.unmeasured");
  const parts = ["unmoved", "late", "removed"].filter((name) => source[name]);
  if (!parts.length) return say("missed.nothing");
  return parts.map((name) => h("div", {}, say(`missed.${name}`, { n: source[name] })));
}

function advice(source) {
  const said = [];
  if (source.better_lookback_seconds) said.push(`lookback: ${span(source.better_lookback_seconds, true)}`);
  if (source.better_complete_every_seconds)
    said.push(`complete_every: ${span(source.better_complete_every_seconds, true)}`);
  return said.map((line) => h("div", {}, h("code", { dir: "ltr" }, line)));
}

/** Seconds in the largest unit that is whole, as people write it or (`plain`) as the settings file has it. */
export function span(seconds, plain = false) {
  const [unit, size] = Object.entries(UNITS).find(([, length]) => seconds % length === 0) ?? ["s", 1];
  return plain ? `${seconds / size}${unit[0]}` : `${seconds / size} ${unit}`;
}

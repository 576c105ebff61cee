// Updates per hour or per day as a row of bars, those of the latest update stronger than those before.

import { h, svg } from "./dom.js";
import { number, stepAt } from "./format.js";
import { say } from "./words.js";

const WIDTH = 6;
const HEIGHT = 56;

/** Bars for `counts`, whole steps (`unit`: hour or day) counted back from `asOf`; the last `strong` stand out. */
export function trend(counts, { unit, strong, asOf }) {
  const most = Math.max(0, ...counts);
  const bars = counts.map((count, i) => bar(i, count / Math.max(1, most), i >= counts.length - strong, count));
  const size = { viewBox: `0 0 ${counts.length * WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" };
  return h(
    "div",
    { class: "trend" },
    svg("svg", { ...size, role: "img", "aria-label": inWords(counts, unit, asOf) }, ...bars),
    h(
      "div",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, say(`updates.from ${unit}`, { n: counts.length })),
      h("span", {}, say("updates.peak", { n: most })),
      h("span", {}, stepAt(asOf, unit)),
    ),
  );
}

/** What the bars show, for those who do not see them: the sum, the highest bar with its time, and the last bar. */
export function inWords(counts, unit, asOf) {
  const most = Math.max(0, ...counts);
  const sum = counts.reduce((all, count) => all + count, 0);
  const ago = counts.length - 1 - counts.lastIndexOf(most);
  const when = stepAt(asOf - ago * STEP[unit], unit);
  return say(`updates.chart ${unit}`, { n: counts.length, sum, most, when, last: counts.at(-1) ?? 0 });
}

const STEP = { hour: 3600000, day: 86400000 };

function bar(i, share, isStrong, count) {
  const height = count ? Math.max(3, share * (HEIGHT - 2)) : 1.5;
  const kind = count ? (isStrong ? "hour strong" : "hour") : "hour none";
  const box = { x: i * WIDTH + 0.75, y: HEIGHT - height, width: WIDTH - 1.5, height, class: kind };
  return svg("rect", box, svg("title", {}, number(count)));
}

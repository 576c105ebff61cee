// Updates per hour as a row of bars, the hours of the latest update stronger than those before.

import { h, svg } from "./dom.js";
import { clock, number } from "./format.js";
import { say } from "./words.js";

const WIDTH = 6;
const HEIGHT = 56;

export function trend(counts, strong, asOf) {
  const most = Math.max(1, ...counts);
  const bars = counts.map((count, i) => bar(i, count / most, i >= counts.length - strong, count));
  const label = say("updates.chart", { n: counts.length, most: Math.max(0, ...counts), last: counts.at(-1) ?? 0 });
  const size = { viewBox: `0 0 ${counts.length * WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" };
  return h(
    "div",
    { class: "trend" },
    svg("svg", { ...size, role: "img", "aria-label": label }, ...bars),
    h(
      "div",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, say("updates.from", { n: counts.length })),
      h("span", {}, say("updates.peak", { n: Math.max(0, ...counts) })),
      h("span", {}, clock(asOf)),
    ),
  );
}

function bar(i, share, isStrong, count) {
  const height = count ? Math.max(3, share * (HEIGHT - 2)) : 1.5;
  const kind = count ? (isStrong ? "hour strong" : "hour") : "hour none";
  const box = { x: i * WIDTH + 0.75, y: HEIGHT - height, width: WIDTH - 1.5, height, class: kind };
  return svg("rect", box, svg("title", {}, number(count)));
}

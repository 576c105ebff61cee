// What every service received, hour by hour for two days and day by day for a month.

import { counted } from "./figure_groups.js";
import { foreign, h } from "./dom.js";
import { head, section, table } from "./parts.js";
import { addressOf } from "./state.js";
import { trend } from "./trend.js";
import { say } from "./words.js";

export function updates(page, card) {
  const heads = [head("matrix.service", "main"), head("updates", "chart"), head("updates.daily", "chart")];
  const rows = page.trends.map((trend) => [
    h("a", { href: addressOf(trend.scope, trend.service) }, named(page, trend)),
    ...charts(page, trend),
  ]);
  return section("updates", say("updates.both"), table("updates", heads, [rows]), counted(page, card));
}

/** The bars of one service, those of the hours and those of the days. */
export function charts(page, { counts, days }) {
  const asOf = Date.parse(page.as_of);
  return [trend(counts, { unit: "hour", strong: page.window_hours, asOf }), trend(days, { unit: "day", strong: 1, asOf })];
}

function named(page, { scope, service }) {
  const label = page.services.find((entry) => entry.name === service)?.label ?? service;
  return [foreign(scope), h("span", { class: "dot" }, " · "), foreign(label)];
}

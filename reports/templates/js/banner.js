// One sentence on top when something is wrong, each clause a link to the place that shows it.

import { h, icon } from "./dom.js";
import { problems } from "./problems.js";
import { write } from "./state.js";
import { time } from "./times.js";
import { phrase, say } from "./words.js";

export function bannerView(page) {
  const node = h("div", { class: "banner-place" });
  return { node, update: (state) => node.replaceChildren(...banner(problems(page, Date.now()), state)) };
}

function banner(alarms, state) {
  if (!alarms.length) return [];
  const clauses = alarms.map((alarm, i) => [i ? "; " : "", clause(alarm, state)]);
  const kind = alarms.some((alarm) => alarm.serious) ? "banner bad" : "banner";
  return [
    h(
      "div",
      { class: kind, role: "region", "aria-label": say("banner.label") },
      icon("warn"),
      h("p", {}, clauses, "."),
    ),
  ];
}

function clause({ key, values, go }, state) {
  const shown = values.when === undefined ? values : { ...values, when: time(values.when) };
  return h("a", { href: write({ ...state, page: 1, sku: null, at: null, ...go }) }, phrase(key, shown));
}

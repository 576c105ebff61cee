// What was lost of the store and repaired: in the overview, and in the history of each product of the scope.

import { foreign, h } from "./dom.js";
import { head, note, section, shortened, table } from "./parts.js";
import { time, when } from "./times.js";
import { phrase, say } from "./words.js";

/** The repairs that the logs remember, the newest first, and how many products no pull has read since; null for none. */
export function repairs(page) {
  if (!page.repairs.length) return null;
  const heads = [
    head("repairs.when", "time"),
    head("repairs.what"),
    head("repairs.lost"),
    head("repairs.by"),
    head("repairs.follows", "prose"),
  ];
  const row = (repair) => [
    [when(Date.parse(repair.at)), h("div", { class: "quiet run-id" }, phrase("runs.id", { id: repair.run }))],
    [foreign(repair.scope), h("span", { class: "dot" }, " · "), repair.service === null ? say("repairs.catalog") : foreign(labelOf(page, repair.service))],
    h("span", { title: repair.lost.join("\n") }, say("repairs.files", { n: repair.lost.length })),
    foreign(repair.by),
    foreign(repair.words),
  ];
  const list = shortened(page.repairs, (some) => table("repairs", heads, [some.map(row)]));
  return section("repairs", say("repairs"), note(say("repairs.explain")), page.unverified.map(doubt), list);
}

function doubt({ scope, products, since }) {
  return h("p", {}, phrase("repairs.unverified", { scope, n: products, when: time(Date.parse(since)) }));
}

/** A sentence for each repair that concerns the products of a scope, the newest first. */
export function repairsOf(page, scope) {
  const mine = page.repairs.filter((repair) => repair.scope === scope);
  return mine.map(({ service, at, by, run, words }) =>
    h(
      "p",
      { class: "quiet" },
      phrase(service === null ? "history.repaired" : "history.repaired service", {
        service: service && labelOf(page, service),
        when: time(Date.parse(at)),
        by,
        id: run,
        words,
      }),
    ),
  );
}

function labelOf(page, name) {
  return page.services.find((entry) => entry.name === name)?.label ?? name;
}

// Cards of one number, which need no look of their own: on a service's tab, and on the overview for every service.

import { foreign, h } from "./dom.js";
import { counted } from "./figure_groups.js";
import { number } from "./format.js";
import { head, section, table } from "./parts.js";
import { addressOf } from "./state.js";
import { say } from "./words.js";

export function numberCard(page, card, { figures, where }) {
  const n = figures[card.number];
  return h(
    "section",
    { class: "card figure", "aria-labelledby": card.name },
    h("div", { class: "figure-head" }, h("h2", { id: card.name }, say(card.name))),
    h("p", { class: "number" }, number(n)),
    h("p", {}, say(`${card.name}.unit`, { n })),
    counted(page, card, where),
  );
}

export function numberTable(page, card) {
  const heads = [head("matrix.service", "main"), head(card.name, "num")];
  const rows = page.totals.flatMap(({ scope, services }) =>
    services.map((totals) => [
      h("a", { href: addressOf(scope, totals.service) }, foreign(scope), h("span", { class: "dot" }, " · "), foreign(totals.service)),
      number(totals[card.number]),
    ]),
  );
  return section(card.name, say(card.name), table(card.name, heads, [rows]), counted(page, card));
}

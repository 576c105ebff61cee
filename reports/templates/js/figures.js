// Figures that link to the rows they count. A figure without a link counts rows that the page does not have: the records
// of a pull are not stored, except those in quarantine. A run, a bar of the updates and a hold count what was moved, or
// would have been, at their time (a product received twice stands in two bars and has one row). What left the settings
// has no tab.

import { h } from "./dom.js";
import { number } from "./format.js";
import { addressOf } from "./state.js";
import { say } from "./words.js";

/** A figure as a link to its list, or a part of it by `filters`; `where` is {scope, service}, `words` what is shown if not the number alone. */
export function figure({ scope, service }, list, n, words = number(n), filters = {}) {
  const label = words === number(n) ? `${words} ${say(list).toLowerCase()}` : undefined;
  const props = { class: n ? "figure-link" : "figure-link zero", href: addressOf(scope, service, { list, ...filters }) };
  return h("a", { ...props, "aria-label": label, "data-list": list, "data-n": n }, words);
}

/** A number and its word, the meaning in its title. */
export function term(where, part, n) {
  const words = `${number(n)} ${say(part).toLowerCase()}`;
  return h("span", { class: n ? "term" : "term zero", title: say(`${part}.means`) }, figure(where, part, n, words));
}

/** How many records a scope's last pull put into quarantine: a link if all of them are still there. */
export function lastQuarantined(page, totals, n, words) {
  const where = { scope: totals.scope, service: page.services[0]?.name };
  return page.last_quarantined[totals.scope] === n ? figure(where, "pull_quarantined", n, words) : h("span", {}, words);
}

// Figures that lead to the very rows they count.

import { h } from "./dom.js";
import { number } from "./format.js";
import { addressOf } from "./state.js";
import { say } from "./words.js";

/** A figure as a link to its list; `where` is {scope, service}, `words` what is shown if not the number alone. */
export function figure({ scope, service }, list, n, words = number(n)) {
  const label = words === number(n) ? `${words} ${say(list).toLowerCase()}` : undefined;
  const props = { class: n ? "figure-link" : "figure-link zero", href: addressOf(scope, service, { list }) };
  return h("a", { ...props, "aria-label": label, "data-list": list, "data-n": n }, words);
}

/** A number and its word, the meaning in its title. */
export function term(where, part, n) {
  const words = `${number(n)} ${say(part).toLowerCase()}`;
  return h("span", { class: n ? "term" : "term zero", title: say(`${part}.means`) }, figure(where, part, n, words));
}

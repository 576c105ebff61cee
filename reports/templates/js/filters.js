// The filters of a list: type, visibility and stock, or the reason of what is in quarantine, each value with how many
// rows it would leave.

import { FILTERS } from "./arrange.js";
import { h } from "./dom.js";
import { number } from "./format.js";
import { known, say } from "./words.js";

/** `held` is asked for what a search left uncounted, once somebody turns to the filters. */
export function filtersView(go, held) {
  const selects = FILTERS.map((column) => filterSelect(column, go));
  const nodes = selects.map((one) => one.node);
  let [shown, isCounted] = [null, true];
  async function turnedTo() {
    if (isCounted) return;
    isCounted = true;
    const asked = shown;
    const found = await held.counts(asked).catch(() => null); // then the values stay without
    if (found && shown === asked) for (const one of selects) one.count(found);
  }
  const props = { class: "filters", role: "group", "aria-label": say("filters") };
  const node = h("div", { ...props, onpointerover: turnedTo, onfocusin: turnedTo }, nodes);
  function update(asked, found) {
    shown = asked;
    isCounted = !Object.values(found.counts).flat().some(([, n]) => n === null);
    for (const one of selects) one.update(asked, found);
    if (node.matches(":hover, :focus-within")) turnedTo();
  }
  return { node, update };
}

function filterSelect(column, go) {
  const onchange = () => go({ [column]: select.value, page: 1, sku: null });
  const select = h("select", { "aria-label": say(column), hidden: true, onchange });
  function update(asked, { counts }) {
    const chosen = asked[column];
    const values = counts[column].some(([key]) => key === chosen) || !chosen ? [] : [[chosen, 0]];
    const options = [...counts[column], ...values].map(([key, n]) => option(key, counted(wordOf(column, key), n)));
    select.replaceChildren(option("", say(`filters.${column}`)), ...options);
    select.value = chosen;
    select.hidden = options.length === 0; // products have no reason, and records have nothing else
  }
  /** Write the counts behind the values; what is not among the first of many matches stays without. */
  function count({ counts, isMore, of }) {
    const known = new Map(counts[column]);
    for (const one of [...select.options].slice(1)) {
      const n = known.get(one.value) ?? (isMore ? null : 0);
      one.textContent = counted(wordOf(column, one.value), n, isMore && of);
    }
  }
  return { node: select, update, count };
}

/** A value and how many rows it would leave, where that is known; `first`: of so many matches that were counted. */
export function counted(words, n, first = false) {
  if (n === null) return words;
  return first ? say("filters.of first", { words, n, first }) : `${words} (${number(n)})`;
}

function option(value, words) {
  return h("option", { value, dir: "auto" }, words);
}

/** A value as its column shows it. */
export function wordOf(column, key) {
  if (column === "stock") return known("stock.", key);
  if (column === "type" || column === "reason") return key;
  return key
    .split(",")
    .map((place) => known("visible.", place))
    .join(", ");
}

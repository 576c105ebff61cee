// The filters of a list: type, visibility and stock, or the reason of what is in quarantine, each value with how many rows it would leave.

import { FILTERS } from "./arrange.js";
import { h } from "./dom.js";
import { number } from "./format.js";
import { known, say } from "./words.js";

export function filtersView(go) {
  const selects = FILTERS.map((column) => filterSelect(column, go));
  const nodes = selects.map((one) => one.node);
  const node = h("div", { class: "filters", role: "group", "aria-label": say("filters") }, nodes);
  return { node, update: (asked, found) => selects.forEach((one) => one.update(asked, found)) };
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
  return { node: select, update };
}

/** A value and how many rows it would leave, where that is known. */
function counted(words, n) {
  return n === null ? words : `${words} (${number(n)})`;
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

// The filters of a list: type, visibility and stock, or the reason of what is in quarantine, each value with how many
// rows it would leave.

import { FILTERS } from "./arrange.js";
import { h } from "./dom.js";
import { number } from "./format.js";
import { known, say } from "./words.js";

/** `scopeData` counts what a search left uncounted once a reader turns to the filters. */
export function filtersView(go, scopeData) {
  const selects = FILTERS.map((column) => filterSelect(column, go));
  const nodes = selects.map((select) => select.node);
  let [shown, isCounted] = [null, true];
  async function turnedTo() {
    if (isCounted) return;
    isCounted = true;
    const request = shown;
    const result = await scopeData.counts(request).catch(() => null); // then the values stay without counts
    if (result && shown === request) for (const select of selects) select.count(result);
  }
  const props = { class: "filters", role: "group", "aria-label": say("filters") };
  const node = h("div", { ...props, onpointerover: turnedTo, onfocusin: turnedTo }, nodes);
  function update(request, result) {
    shown = request;
    isCounted = !Object.values(result.counts).flat().some(([, n]) => n === null);
    for (const select of selects) select.update(request, result);
    if (node.matches(":hover, :focus-within")) turnedTo();
  }
  return { node, update };
}

function filterSelect(column, go) {
  const onchange = () => go({ [column]: select.value, page: 1, sku: null });
  const select = h("select", { "aria-label": say(column), hidden: true, onchange });
  function update(request, { counts }) {
    const chosen = request[column];
    const values = counts[column].some(([key]) => key === chosen) || !chosen ? [] : [[chosen, 0]];
    const options = [...counts[column], ...values].map(([key, n]) => option(key, counted(wordOf(column, key), n)));
    select.replaceChildren(option("", say(`filters.${column}`)), ...options);
    select.value = chosen;
    select.hidden = options.length === 0; // products have no reason, and records have nothing else
  }
  /** Write the counts behind the values; a value without a match among those counted stays without a count. */
  function count({ counts, isMore, of }) {
    const known = new Map(counts[column]);
    for (const option of [...select.options].slice(1)) {
      const n = known.get(option.value) ?? (isMore ? null : 0);
      option.textContent = counted(wordOf(column, option.value), n, isMore && of);
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

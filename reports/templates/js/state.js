// What is looked at, as the URL hash says it: scope, tab, list, search, filters, sorting, page and product. A view is sent
// by its address.

import { FILTERS } from "./arrange.js";
import { ASKED, NAMES, RECEIVED } from "./lists.js";

export const SORTS = ["sku", "name", "type", "visibility", "stock", "updated"];
export const OVERVIEW = ""; // the name of no service
const OVERVIEW_ONCE = "overview"; // the name in older addresses; a service may have this name too
export const NO_STALE_LINK = { scope: null, tab: null };
export const NO_FILTER = Object.fromEntries(FILTERS.map((column) => [column, ""]));
export const MOST_SKUS = 2000;
const LONGEST = 200; // letters of a search
const LONGEST_REASON = 1000;
const FIRST = { q: "", list: RECEIVED, ...NO_FILTER, skus: [], left: 0, sort: "updated", page: 1, sku: null, at: null, staleLink: NO_STALE_LINK };

/**
 * Read a hash; an unknown value falls back to the default. An unknown scope or service is noted in `staleLink` and opens no
 * product, because another scope's product of that SKU would answer another question.
 */
export function read(hash, page) {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const among = (list, name) => list.some((entry) => entry.name === name);
  const scope = params.get("scope");
  const tab = params.get("tab");
  const staleLink = {
    scope: scope && !among(page.scopes, scope) ? scope : null,
    tab: tab && tab !== OVERVIEW_ONCE && !among(page.services, tab) ? tab : null,
  };
  const sort = params.get("sort") ?? "updated";
  const list = params.get("list");
  const all = [...new Set((params.get("skus") ?? "").split("\n").filter(Boolean))];
  const skus = all.slice(0, MOST_SKUS);
  const word = (name, most) => (params.get(name) ?? "").slice(0, most);
  return {
    scope: among(page.scopes, scope) ? scope : (page.scopes[0]?.name ?? ""),
    tab: among(page.services, tab) ? tab : OVERVIEW,
    q: word("q", LONGEST).trim(),
    list: skus.length ? ASKED : NAMES.includes(list) && list !== ASKED ? list : RECEIVED,
    ...Object.fromEntries(FILTERS.map((column) => [column, word(column, LONGEST_REASON)])),
    skus,
    left: all.length - skus.length + whole(params.get("left"), 0),
    sort: SORTS.includes(sort.replace(/^-/, "")) ? sort : "updated",
    page: whole(params.get("page"), 1),
    sku: (!staleLink.scope && params.get("sku")) || null, // a record in quarantine may have none; it is no product that opens
    at: params.get("at"),
    staleLink,
  };
}

/** The whole number that a text is, at least `least`, which is also what stands for no number. */
function whole(text, least) {
  return Math.max(least, Math.trunc(Number(text)) || least);
}

/** The address of a tab with the default state, but for `changes`. */
export function addressOf(scope, tab, changes = {}) {
  return write({ ...FIRST, scope, tab, ...changes });
}

/** Write a state as a hash; defaults are left out, except the scope. */
export function write(state) {
  const shown = new URLSearchParams({ scope: state.scope });
  if (state.tab !== OVERVIEW) {
    shown.set("tab", state.tab);
    if (state.skus.length) shown.set("skus", state.skus.join("\n"));
    else if (state.list !== RECEIVED) shown.set("list", state.list);
    for (const name of ["q", ...FILTERS]) if (state[name]) shown.set(name, state[name]);
    if (state.skus.length && state.left) shown.set("left", state.left);
    if (state.sort !== "updated") shown.set("sort", state.sort);
    if (state.page > 1) shown.set("page", String(state.page));
    if (state.sku !== null) shown.set("sku", state.sku);
  } else if (state.at) {
    shown.set("at", state.at);
  }
  return `#${shown}`;
}

// What is looked at, as the URL hash says it: scope, tab, search, sorting, page and product. A view is sent by its address.

export const SORTS = ["sku", "name", "type", "visibility", "stock", "updated"];
export const OVERVIEW = "overview";

/** Read a hash; whatever the page does not know falls back to what it shows first. */
export function read(hash, page) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const among = (list, name) => list.some((one) => one.name === name);
  const scope = given.get("scope");
  const tab = given.get("tab");
  const sort = given.get("sort") ?? "updated";
  return {
    scope: among(page.scopes, scope) ? scope : (page.scopes[0]?.name ?? ""),
    tab: among(page.services, tab) ? tab : OVERVIEW,
    q: (given.get("q") ?? "").slice(0, 200),
    sort: SORTS.includes(sort.replace(/^-/, "")) ? sort : "updated",
    page: Math.max(1, Math.trunc(Number(given.get("page"))) || 1),
    sku: given.get("sku"),
    at: given.get("at"),
  };
}

/** Write a state as a hash; what is as it is at first is left out, but for scope and tab. */
export function write(state) {
  const shown = new URLSearchParams({ scope: state.scope, tab: state.tab });
  if (state.tab !== OVERVIEW) {
    if (state.q) shown.set("q", state.q);
    if (state.sort !== "updated") shown.set("sort", state.sort);
    if (state.page > 1) shown.set("page", String(state.page));
    if (state.sku !== null) shown.set("sku", state.sku);
  } else if (state.at) {
    shown.set("at", state.at);
  }
  return `#${shown}`;
}

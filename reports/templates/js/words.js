// Every word of the page itself, in one place. `{name}` is filled in; an entry with `one` and `other` goes by `{n}`.

import { foreign } from "./dom.js";
import { number } from "./format.js";

const WORDS = {
  "title": "Data Sync",
  "as of": "As of",
  "theme": "Dark mode",
  "scope": "Scope",
  "views": "Views",
  "overview": "Overview",

  "ago.now": "just now",
  "ago.minutes": "{n} min ago",
  "ago.hours": "{n} h ago",
  "ago.days": { one: "{n} day ago", other: "{n} days ago" },
  "ago.future": "ahead of this clock",
  "never": "never",

  "outcome.ok": "OK",
  "outcome.failed": "Failed",
  "outcome.held": "Held",
  "outcome.never": "Never synced",
  "outcome.running": "Running",

  "latest": "Latest update",
  "latest.unit": { one: "product received in the last {hours}", other: "products received in the last {hours}" },
  "latest.resent": "of which {n} resent",
  "latest.removed": "{n} removed",
  "latest.last sync": "Last sync {when}",
  "latest.no sync": "No sync has run yet.",
  "hours": { one: "hour", other: "{n} hours" },
  "zero.held": "0 because a removal is held: it waits for a decision.",
  "zero.source failed": "0 because the source could not be read.",
  "zero.no run": "0 because no sync ran in that time.",
  "zero.service failing": "0 because {service} gave no answer; what is due stays due.",
  "zero.nothing changed": "0 because nothing had changed when the sync ran.",
  "zero.unknown": "Nothing arrived in that time.",
  "total": "Total products received",
  "total.unit": { one: "product that {service} holds now", other: "products that {service} holds now" },
  "updates": "Updates per hour",
  "updates.span": "last {n} h",
  "updates.chart": "Updates per hour over the last {n} hours: at most {most}, {last} in the last hour.",
  "updates.from": "{n} h ago",
  "updates.peak": "peak {n}",

  "states": { one: "Where the {n} catalog product stands", other: "Where the {n} catalog products stand" },
  "current": "Current",
  "current.means": "this version is held",
  "stale": "Stale",
  "stale.means": "an older version is held, or it is to be resent",
  "missing": "Missing",
  "missing.means": "nothing is held yet",
  "rejected": "Rejected",
  "rejected.means": "the service refused this version",
  "failed": "Failed",
  "failed.means": "the service gave no answer; tried again at each sync",
  "excluded": "Excluded",
  "excluded.means": "a rule of the service turns it away",
  "due": "Due",
  "due.means": "missing, stale or failed: to be delivered",
  "held_older": "held older",
  "held_older.means": "rejected or failed, and an older version is still held",
  "orphaned": "orphaned",
  "orphaned.means": "held, and to be removed",
  "removals_due": { one: "{n} removal due", other: "{n} removals due" },
  "unexplained": "Unexplained",

  "products": "Synced products",
  "products.search": "Search by Name or SKU",
  "products.count": { one: "{m} of {n} product", other: "{m} of {n} products" },
  "products.loading": "Loading products …",
  "products.none": "{service} holds no product in this scope.",
  "products.no match": "No product that {service} holds has “{q}” in its name or SKU.",
  "products.clear": "Clear the search",
  "products.not held": "{service} does not hold the SKU {sku} in this scope.",
  "products.unloadable":
    "The products of this scope cannot be loaded. The folder “data” has to stand beside this page; if the page was saved or sent alone, it is missing.",
  "products.again": "Try again",
  "products.range": "{from}–{to} of {n}",
  "products.previous": "Previous",
  "products.next": "Next",
  "products.pages": "Pages of products",
  "products.sort": "Sort by",
  "sku": "SKU",
  "name": "Name",
  "type": "Type",
  "visibility": "Visibility",
  "stock": "Stock status",
  "updated": "Last updated",
  "sort.updated": "Last updated, newest first",
  "sort.-updated": "Last updated, oldest first",
  "sort.name": "Name, A to Z",
  "sort.-name": "Name, Z to A",
  "sort.sku": "SKU, A to Z",
  "sort.-sku": "SKU, Z to A",
  "sort.type": "Type",
  "sort.visibility": "Visibility",
  "sort.stock": "Stock status",
  "stock.in-stock": "In stock",
  "stock.low-stock": "Low stock",
  "stock.out-of-stock": "Out of stock",
  "stock.unknown": "Unknown",
  "visible.catalog": "Catalog",
  "visible.search": "Search",
  "visible.none": "Not visible",
  "content gone": "content no longer kept",

  "detail.close": "Close",
  "detail.copy": "Copy JSON",
  "detail.copied": "Copied",
  "detail.not copied": "Select and copy by hand",
  "detail.received by": "Received by {service}",
  "detail.version": "Version",
  "detail.price": "Price",
  "detail.status": "Status",
  "detail.page": "Product page",
  "detail.services": "In the services",
  "detail.same": "this version",
  "detail.other": "another version",
  "detail.absent": "not held",
  "detail.json": "Product as {service} received it",
  "detail.loading": "Loading the product …",
  "detail.gone": "The content of this version is no longer kept in the store.",
  "detail.unloadable": "This product cannot be loaded. The folder “data” has to stand beside this page.",

  "matrix": "Scopes and services",
  "matrix.service": "Service",
  "matrix.latest": "Latest update",
  "matrix.total": "Total received",
  "matrix.last sync": "Last sync",
  "matrix.products": { one: "{n} product", other: "{n} products" },
  "matrix.quarantined": "{n} quarantined",
  "matrix.source": "source {source}",
  "matrix.complete": "last pull complete",
  "matrix.partial": "last pull partial",
  "matrix.records": { one: "{n} record", other: "{n} records" },
  "matrix.valid": "{n} valid",
  "matrix.repeated": "{n} repeated",
  "matrix.never": "never pulled",
  "matrix.removed": "{n} removed",
  "balance": "How the numbers add up",
  "balance.catalog": "Catalog products",
  "balance.total": "Total received",
  "balance.explain":
    "Every catalog product has exactly one state in each service; each state is counted on its own. What is left over is unexplained, and should be 0.",
  "runs": "Recent runs",
  "runs.none": "No run is recorded yet.",
  "runs.started": "Started",
  "runs.kind": "Kind",
  "runs.scopes": "Scopes",
  "runs.asked": "Asked by",
  "runs.reason": "Reason",
  "runs.outcome": "Outcome",
  "runs.did": "What it did",
  "runs.nothing": "no changes",
  "runs.took": "took {n} s",
  "runs.id": "Run {id}",
  "runs.received": "{n} received",
  "runs.resent": "{n} resent",
  "runs.removed": "{n} removed",
  "runs.rejected": "{n} rejected",
  "runs.failed": "{n} failed",
  "list.all": "Show all {n}",
  "holds": "Holds",
  "holds.none": "Nothing is held.",
  "holds.scope": "Where",
  "holds.since": "Since",
  "holds.would": "Would remove",
  "holds.many": "{n} of {of}",
  "holds.id": "Hold",
  "holds.do": "What to do",
  "holds.advice":
    "If the source is wrong, mend it: the next sync goes on by itself. If the removal is right, accept it:",
  "holds.advice service":
    "If a rule of the service is wrong, mend it: the next sync goes on by itself. If the removal is right, accept it:",
  "quarantined": "Quarantined records",
  "quarantined.none": "No record is quarantined.",
  "quarantined.scope": "Scope",
  "quarantined.code": "Code",
  "quarantined.why": "Why",
  "quarantined.part": "These are {n} of {of}; the others stand in the store.",
  "unconfigured": "No longer configured",
  "unconfigured.held": { one: "{n} product held", other: "{n} products held" },
  "unconfigured.explain":
    "These left the settings and are left alone. The command datasync withdraw removes what they hold.",

  "banner.label": "Attention",
  "banner.unexplained": {
    one: "{n} product of {scope} is unexplained in {service}",
    other: "{n} products of {scope} are unexplained in {service}",
  },
  "banner.failed": "{service} failed in {scope}",
  "banner.failed more": "{service} failed in {scope} and {n} more",
  "banner.run": "the last run of {scope} failed",
  "banner.held": {
    one: "a removal of {n} product is held in {scope}",
    other: "a removal of {n} products is held in {scope}",
  },
  "banner.held more": { one: "{n} removal is held", other: "{n} removals are held" },
  "banner.old": "this page is older than it should be: a newer one was expected {when}",
  "skip": "Skip to the content",
  "footer": "Times are in your time zone; hover for UTC. This page is a snapshot: it asks no server for anything.",
  "footer.keys": "Keys: / searches, ← → change tabs, Esc closes.",
};

const plural = new Intl.PluralRules("en");

/** The words of `key` as text. */
export function say(key, values = {}) {
  return pieces(key, values).join("");
}

/** The words of `key` as nodes: texts filled in stand isolated, so that they keep their direction to themselves. */
export function phrase(key, values = {}) {
  return pieces(key, values, (value) => (typeof value === "string" ? foreign(value) : value));
}

/** The word for a value that may be none of ours: then the value itself. */
export function known(prefix, value) {
  return WORDS[`${prefix}${value}`] ?? value ?? "";
}

function pieces(key, values, shown = (value) => value) {
  const found = WORDS[key];
  if (found === undefined) throw new Error(`No words for ${key}`);
  const template = typeof found === "string" ? found : found[plural.select(values.n)];
  return template.split(/\{(\w+)\}/).map((part, i) => {
    if (i % 2 === 0) return part;
    return typeof values[part] === "number" ? number(values[part]) : shown(values[part]);
  });
}

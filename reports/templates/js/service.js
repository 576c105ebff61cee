// One service in one scope: its two figures, its trend, the states of the catalog's products, and the table of what it holds.

import { cardsOf, counted } from "./figure_groups.js";
import { h } from "./dom.js";
import { figure, term } from "./figures.js";
import { numberCard } from "./number_card.js";
import { open } from "./scope_data.js";
import { failureOf, outcome } from "./parts.js";
import { productsView } from "./products.js";
import { ago, time } from "./times.js";
import { charts } from "./updates.js";
import { phrase, say } from "./words.js";

const STATES = ["current", "stale", "missing", "rejected", "failed", "excluded"];

const LOOKS = { latest, total, updates, states };

export function serviceView(page, scope, service, go, detail) {
  const totals = page.totals.find((scopeTotals) => scopeTotals.scope === scope);
  const figures = totals?.services.find((serviceTotals) => serviceTotals.service === service.name);
  const where = { scope, service: service.name };
  const products = h("div", {});
  const node = h(
    "div",
    { class: "view" },
    figures && cards(page, { service, totals, figures, where }),
    products,
  );
  const table = loading(page, scope, service, go, detail, products);
  return { node, update: table.update };
}

/** The table, once the scope's products are loaded; until then its place is marked as busy, and the newest state waits. */
function loading(page, scope, service, go, detail, place) {
  let view = null;
  let wanted = null;
  const start = () => {
    place.ariaBusy = "true";
    place.replaceChildren(h("p", { class: "card note", role: "status" }, say("products.loading")));
    open(page.version, scope).then(
      (scopeData) => {
        view = productsView(page, scopeData, service, go, detail);
        place.replaceChildren(view.node);
        if (wanted) show(wanted);
      },
      () => {
        place.replaceChildren(unloadable(start));
        place.ariaBusy = "false";
      },
    );
  };
  async function show(state) {
    place.ariaBusy = "true";
    try {
      await view.update(state);
    } finally {
      if (state === wanted) place.ariaBusy = "false";
    }
  }
  start();
  return {
    update(state) {
      wanted = state;
      if (view) show(state);
    },
  };
}

function unloadable(again) {
  return h(
    "div",
    { class: "card note", role: "alert" },
    h("p", {}, say("products.unloadable")),
    h("button", { type: "button", onclick: again }, say("products.again")),
  );
}

/** The service's cards: figures in a row, the others below. */
function cards(page, about) {
  const shown = (spot) => cardsOf(page, spot).map((card) => (LOOKS[card.name] ?? numberCard)(page, card, about));
  return [h("div", { class: "cards" }, shown("figures")), shown("service")];
}

function latest(page, card, { service, figures, where }) {
  const hours = say("hours", { n: page.window_hours });
  const extra = [
    inWords(where, "resent_in_window", figures, "latest.resent"),
    inWords(where, "removed_in_window", figures, "latest.removed"),
  ].filter(Boolean);
  return h(
    "section",
    { class: "card figure", "aria-labelledby": "latest" },
    h(
      "div",
      { class: "figure-head" },
      h("h2", { id: "latest" }, say("latest")),
      figures.outcome !== "ok" && outcome(figures.outcome),
    ),
    h("p", { class: "number" }, figure(where, "latest_update", figures.latest_update)),
    h("p", {}, say("latest.unit", { n: figures.latest_update, hours })),
    extra.length > 0 && h("p", { class: "quiet" }, extra.map((node, i) => [i ? " · " : "", node])),
    figures.latest_update === 0 && h("p", { class: "because" }, zero(service, figures)),
    failureOf(figures),
    ahead(page, where),
    h("p", { class: "quiet" }, lastSync(figures)),
    counted(page, card, where),
  );
}

/** A figure in its words, or nothing where it is 0. */
function inWords(where, list, figures, key) {
  return figures[list] > 0 && figure(where, list, figures[list], say(key, { n: figures[list] }));
}

function zero(service, figures) {
  return phrase(`zero.${figures.zero_because ?? "unknown"}`, { service: service.label });
}

/** Runs whose clock was ahead, and until when the figure counts what they delivered. */
function ahead(page, { scope, service }) {
  const clocks = page.ahead.filter((clock) => clock.scope === scope && clock.service === service);
  return clocks.map(({ run, at, until }) =>
    h("p", { class: "because" }, phrase("latest.ahead", { run, when: time(Date.parse(at)), until: time(Date.parse(until)) })),
  );
}

function lastSync(figures) {
  if (figures.last_sync_at === null) return say("latest.no sync");
  const ms = Date.parse(figures.last_sync_at);
  return phrase("latest.last sync", { when: h("span", {}, time(ms), ", ", ago(ms)) });
}

function total(page, card, { service, figures, where }) {
  const parts = ["current", "stale", "held_older", "orphaned"];
  const sum = parts.map((part, i) => [i ? " + " : "", term(where, part, figures[part])]);
  return h(
    "section",
    { class: "card figure", "aria-labelledby": "total" },
    h("div", { class: "figure-head" }, h("h2", { id: "total" }, say("total"))),
    h("p", { class: "number" }, figure(where, "total_received", figures.total_received)),
    h("p", {}, phrase("total.unit", { n: figures.total_received, service: service.label })),
    h("p", { class: "quiet make-up" }, "= ", sum),
    figures.audit && audited(figures.audit),
    figures.rebuild && h("p", { class: "because" }, figures.rebuild, "."),
    counted(page, card, where),
  );
}

/** What the last audit found there, and whether a transfer is still to mend it. */
function audited(audit) {
  const words = phrase("total.audit", { ...audit, when: time(Date.parse(audit.at)) });
  const sample = !audit.is_whole && [" ", say("total.audit.sample", { n: audit.checked })];
  return h("p", { class: audit.is_drift_due ? "because" : "quiet" }, words, sample, audit.is_drift_due && [" ", say("total.audit.due")]);
}

function updates(page, card, { where }) {
  const trend = page.trends.find((trend) => trend.scope === where.scope && trend.service === where.service);
  if (!trend) return null;
  const [hours, days] = charts(page, trend);
  return h(
    "section",
    { class: "card figure wide", "aria-labelledby": "updates" },
    h("h2", { id: "updates" }, say("updates")),
    hours,
    h("h3", {}, say("updates.daily")),
    days,
    counted(page, card, where),
  );
}

function states(page, card, { totals, figures, where }) {
  const shown = STATES.map((state) => oneState(where, state, figures[state]));
  const removals =
    figures.removals_due > 0 && h("dd", { class: "quiet" }, inWords(where, "removals_due", figures, "removals_due.count"));
  const budget = figures.budget && h("dd", { class: "quiet" }, figures.budget);
  return h(
    "section",
    { class: "card states", "aria-labelledby": "states" },
    h("h2", { id: "states" }, phrase("states", { n: totals.products, products: catalog(where, totals.products) })),
    h("dl", {}, shown, oneState(where, "due", figures.due, removals, budget),
      oneState(where, "quarantined", totals.quarantined)),
    figures.unexplained !== 0 &&
      h("p", { class: "unexplained" }, say("unexplained"), ": ", figure(where, "unexplained", figures.unexplained)),
    counted(page, card, where),
  );
}

function catalog(where, n) {
  return figure(where, "products", n, say("states.products", { n }));
}

function oneState(where, state, n, ...more) {
  return h(
    "div",
    { class: `state ${state}${n ? "" : " zero"}` },
    h("dt", {}, say(state)),
    h("dd", { class: "count" }, figure(where, state, n)),
    h("dd", { class: "quiet" }, say(`${state}.means`)),
    more,
  );
}

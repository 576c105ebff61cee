// Everything at a glance: every scope and service, how the numbers add up, runs, holds, quarantined records.

import { cardsOf, counted } from "./figure_groups.js";
import { foreign, h } from "./dom.js";
import { number } from "./format.js";
import { freshness } from "./freshness.js";
import { sources } from "./health.js";
import { missed } from "./missed.js";
import { numberTable } from "./number_card.js";
import { failureOf, note, outcome, ownFailureOf, section, table } from "./parts.js";
import { holds, quarantined, runs, unconfigured } from "./records.js";
import { repairs } from "./repairs.js";
import { figure, lastQuarantined, term } from "./figures.js";
import { addressOf } from "./state.js";
import { when } from "./times.js";
import { updates } from "./updates.js";
import { phrase, say } from "./words.js";

const STATES = ["current", "stale", "missing", "rejected", "failed", "excluded"];
const HELD = ["current", "stale", "held_older", "orphaned"];
const FURTHER = ["repeated", "blank", "filtered", "outdated"]; // what may become of a record besides, shown where there are some

const LOOKS = { matrix, balance, holds, repairs, updates, sources, missed, runs, quarantined, unconfigured };

export function overviewView(page) {
  const cards = cardsOf(page, "overview").map((card) => (LOOKS[card.name] ?? numberTable)(page, card));
  const node = h("div", { class: "view" }, cards);
  return { node, update: (state) => reveal(node, state.at) };
}

function reveal(node, at) {
  const heading = at && [...node.querySelectorAll("h2")].find((title) => title.id === `${at}-title`);
  if (!heading) return;
  heading.focus({ preventScroll: true });
  heading.closest("section").scrollIntoView({ block: "start" });
}

function matrix(page, card) {
  const heads = [
    { label: say("matrix.service"), kind: "main" },
    { label: say("matrix.latest"), kind: "num" },
    { label: say("matrix.total"), kind: "num" },
    ...STATES.map((state) => ({ label: say(state), kind: "num" })),
    { label: say("due"), kind: "num" },
    { label: say("matrix.fresh"), kind: "time" },
  ];
  const bodies = page.totals.map((totals) => [
    scopeRow(page, totals, heads.length),
    ...totals.services.map((serviceTotals) => serviceRow(page, totals.scope, serviceTotals)),
  ]);
  return section("matrix", say("matrix"), table("matrix", heads, bodies), note(say("matrix.no list")), counted(page, card));
}

function scopeRow(page, totals, width) {
  const scope = page.scopes.find((entry) => entry.name === totals.scope);
  const label = scope && scope.label !== scope.name && h("span", { class: "label" }, foreign(scope.label));
  return h(
    "tr",
    { class: "group" },
    h(
      "th",
      { scope: "rowgroup", colspan: width },
      h("span", { class: "group-name" }, foreign(totals.scope), label),
      h("span", { class: "quiet" }, joined(pulled(page, totals))),
      commonFailure(totals),
    ),
  );
}

/** Why the scope was not read, or did not reach its catalog: then no service could be brought up to date. */
function commonFailure({ services }) {
  const failed = services.find((serviceTotals) => ["pull", "catalog"].includes(serviceTotals.failed_step));
  return failed ? failureOf(failed) : null;
}

function pulled(page, totals) {
  const pull = totals.last_pull;
  const where = { scope: totals.scope, service: page.services[0]?.name };
  const words = say("matrix.in quarantine", { n: totals.quarantined });
  const quarantined = figure(where, "quarantined", totals.quarantined, words);
  const products = figure(where, "products", totals.products, say("matrix.products", { n: totals.products }));
  const counts = [products, phrase("matrix.source", { source: totals.source })];
  if (!pull) return [...counts, say("matrix.never"), quarantined];
  const records = [
    say("matrix.records", { n: pull.records }),
    " = ",
    say("matrix.valid", { n: pull.valid }),
    ...(pull.quarantined
      ? [" + ", lastQuarantined(page, totals, pull.quarantined, say("matrix.quarantined", { n: pull.quarantined }))]
      : []),
    ...FURTHER.filter((name) => pull[name]).flatMap((name) => [" + ", further(name, pull[name])]),
  ];
  return [
    ...counts,
    [say(pull.complete ? "matrix.complete" : "matrix.partial"), ", ", when(Date.parse(pull.finished_at))],
    records,
    quarantined,
  ];
}

function further(name, n) {
  return h("span", { title: say(`matrix.${name}.means`) }, say(`matrix.${name}`, { n }));
}

function joined(parts) {
  return parts.map((part, i) => [i ? h("span", { class: "dot" }, " · ") : "", h("span", {}, part)]);
}

function serviceRow(page, scope, serviceTotals) {
  const service = page.services.find((known) => known.name === serviceTotals.service) ?? {
    name: serviceTotals.service,
    label: serviceTotals.service,
  };
  const where = { scope, service: service.name };
  const shown = (list) => figure(where, list, serviceTotals[list]);
  return [
    [h("a", { href: addressOf(scope, service.name) }, foreign(service.label)), " ", outcome(serviceTotals.outcome), ownFailureOf(serviceTotals)],
    [
      shown("latest_update"),
      serviceTotals.removed_in_window > 0 && h("div", { class: "quiet" }, removed(where, serviceTotals.removed_in_window)),
    ],
    shown("total_received"),
    ...STATES.map(shown),
    shown("due"),
    freshness(page, scope, service.name),
  ];
}

function removed(where, n) {
  return figure(where, "removed_in_window", n, say("matrix.removed", { n }));
}

function balance(page, card) {
  const heads = [
    { label: say("matrix.service"), kind: "main" },
    { label: say("products"), kind: "sum" },
    { label: say("balance.total"), kind: "sum" },
    { label: say("unexplained"), kind: "num" },
  ];
  const rows = page.totals.flatMap((totals) => totals.services.map((serviceTotals) => balanceRow(page, totals, serviceTotals)));
  return section("balance", say("balance"), note(say("balance.explain")), table("balance", heads, [rows]), counted(page, card));
}

function balanceRow(page, totals, serviceTotals) {
  const label = page.services.find((known) => known.name === serviceTotals.service)?.label ?? serviceTotals.service;
  const where = { scope: totals.scope, service: serviceTotals.service };
  return [
    [foreign(totals.scope), h("span", { class: "dot" }, " · "), foreign(label)],
    sum(totals, figure(where, "products", totals.products), STATES, serviceTotals),
    sum(totals, figure(where, "total_received", serviceTotals.total_received), HELD, serviceTotals),
    unexplained(where, serviceTotals.unexplained),
  ];
}

/** What is left over: the products in no state that is known, if it is these. */
function unexplained(where, n) {
  if (n === 0) return h("span", { class: "zero" }, number(n));
  return h("span", { class: "unexplained" }, figure(where, "unexplained", n));
}

function sum({ scope }, total, parts, serviceTotals) {
  const where = { scope, service: serviceTotals.service };
  return [h("b", {}, total), " = ", parts.map((part, i) => [i ? " + " : "", term(where, part, serviceTotals[part])])];
}

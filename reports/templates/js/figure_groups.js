// Which figures stand where on the page, for "How is this counted?".

import { countedView, named } from "./counted.js";
import { secondsOf } from "./times.js";
import { say } from "./words.js";

const LATEST = ["latest_update", "resent_in_window", "removed_in_window"];
const TOTAL = ["total_received", "current", "stale", "held_older", "orphaned"];
const STATES = ["current", "stale", "missing", "rejected", "failed", "excluded"];
const BARS = ["hours", "days"];
const PULL = ["records", "valid", "quarantined", "repeated"];
const FURTHER = ["blank", "filtered", "outdated"];
const TRIED = [
  ["records", "sources.records"],
  ["quarantined", "sources.quarantined"],
  ["seconds", "counted.seconds"],
  ["failures", "sources.failures"],
];
const MISSED = ["missed", "changed", "unmoved", "late", "removed"];
const MOVED = ["received", "resent", "removed", "rejected", "failed"];

export function latestCounted(page, scope, service) {
  return countedView(page, [group(page, scope, service, LATEST)]);
}

export function totalCounted(page, scope, service) {
  return countedView(page, [group(page, scope, service, TOTAL)]);
}

export function statesCounted(page, scope, service) {
  const mine = [...STATES, "due", "removals_due", "unexplained"];
  return countedView(page, [group(page, scope, service, mine), ofScope(page, scope, ["products", "quarantined"])]);
}

export function updatesCounted(page, trends) {
  return countedView(page, trends.map((trend) => group(page, trend.scope, trend.service, BARS)));
}

/** Every figure of every scope and service. */
export function allCounted(page, names = [...LATEST, ...TOTAL, "missing", "rejected", "failed", "excluded", "due", "removals_due", "unexplained"]) {
  return countedView(
    page,
    page.totals.flatMap(({ scope, services }) => [
      ...services.map((service) => group(page, scope, service.service, names)),
      ofScope(page, scope, ["products", "quarantined"]),
    ]),
  );
}

export function balanceCounted(page) {
  return allCounted(page, ["unexplained", ...STATES, "total_received", "held_older", "orphaned"]);
}

export function reasonsCounted(page) {
  const scopes = new Set(page.reasons.map((reason) => reason.scope));
  return countedView(page, [...scopes].map((scope) => ofScope(page, scope, ["reasons", "quarantined"])));
}

export function sourcesCounted(page) {
  const tried = page.health.filter((source) => source.run !== null);
  return countedView(page, tried.map((source) => ({
    group: source.scope, key: "all/runs0", place: `pull/${source.scope}`,
    figures: TRIED.map(([name, words]) => ({ name, label: say(words), value: source[name] })),
  })));
}

export function missedCounted(page, sources) {
  return countedView(page, sources.map((source) => ({
    group: source.source, key: "all/runs0", place: `missed/${source.source}`,
    figures: MISSED.map((name) => ({ name, label: say(`counted.${name}`), value: source[name] })),
  })));
}

export function holdsCounted(page) {
  return countedView(page, page.holds.map((hold) => ({
    group: named(page, hold.scope, hold.service), key: "all/runs0", place: `hold/${hold.scope}/${hold.service ?? ""}`,
    figures: [
      { name: "would_remove", label: say("holds.would"), value: hold.would_remove },
      { name: "of", label: say("holds.of"), value: hold.of },
    ],
  })));
}

export function leftCounted(page) {
  return countedView(page, page.unconfigured.map((leftover) => ({
    group: named(page, leftover.scope, leftover.service), key: "all/runs0", place: `left/${leftover.scope}/${leftover.service ?? ""}`,
    figures: [{ name: "held", label: say("unconfigured"), value: leftover.held }],
  })));
}

export function runsCounted(page) {
  return countedView(page, page.runs.map((run) => ({
    group: say("runs.id", { id: run.id }), key: "all/runs0", place: run.id,
    figures: [
      ...MOVED.map((name) => ({ name, label: say(`moved.${name}`), value: run[name] })),
      ...(run.finished_at ? [{ name: "seconds", label: say("counted.seconds"), value: secondsOf(run) }] : []),
    ],
  })));
}

function group(page, scope, service, names) {
  const totals = page.totals.find((scopeTotals) => scopeTotals.scope === scope);
  const values = totals.services.find((serviceTotals) => serviceTotals.service === service) ?? {};
  const figures = names.map((name) => ({ name, label: say(LABELS[name] ?? name), value: values[name] }));
  return { group: named(page, scope, service), key: `${scope}/counted0`, place: service, figures };
}

function ofScope(page, scope, names) {
  const { last_pull: pull, ...totals } = page.totals.find((scopeTotals) => scopeTotals.scope === scope);
  const figures = names.map((name) => ({ name, label: say(LABELS[name] ?? name), value: totals[name] }));
  const shown = [...PULL, ...FURTHER.filter((term) => pull?.[term])];
  const pulled = shown.map((name) => ({ name: `pull ${name}`, label: say(`pulled.${name}`), value: pull?.[name] }));
  return { group: named(page, scope), key: `${scope}/counted0`, place: "", figures: [...figures, ...(pull ? pulled : [])] };
}

const LABELS = {
  quarantined: "quarantined.records",
  reasons: "reasons.reason",
  hours: "updates",
  days: "updates.daily",
};

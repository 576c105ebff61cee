// Lists of the overview: what ran, what is held and waits for a decision, what did not validate, what left the settings.

import { counted } from "./figure_groups.js";
import { foreign, h } from "./dom.js";
import { command, head, note, outcome, section, shortened, table } from "./parts.js";
import { reasons } from "./reasons.js";
import { secondsOf, when } from "./times.js";
import { known, phrase, say } from "./words.js";

const COUNTS = ["received", "resent", "removed", "rejected", "failed"];

export function runs(page, card) {
  const heads = [
    head("runs.started", "time"),
    head("runs.kind"),
    head("runs.scopes"),
    head("runs.outcome"),
    head("runs.did"),
    head("runs.asked"),
    head("runs.reason", "prose"),
  ];
  const row = (run) => [
    [when(Date.parse(run.started_at)), h("div", { class: "quiet run-id" }, phrase("runs.id", { id: run.id }))],
    known("kind.", run.kind),
    [listed(run.scopes), askedFor(page, run)],
    outcome(run.outcome),
    did(run),
    foreign(run.asked_by),
    foreign(run.reason),
  ];
  const shown = (some) => table("runs", heads, [some.map(row)]);
  const list = page.runs.length ? shortened(page.runs, shown) : note(say("runs.none"));
  return section("runs", say("runs"), list, page.runs.length > 0 && [note(say("runs.no list")), counted(page, card)]);
}

/** What a resync was limited to: services and SKUs; nothing where it was all of them. */
function askedFor(page, run) {
  const services = run.services.map((name) => labelOf(page, name)).join(", ");
  const rest = run.more_skus ? [", ", say("runs.more skus", { n: run.more_skus })] : [];
  const skus = h("span", { class: "mono" }, listed(run.skus), rest);
  return [
    services && h("div", { class: "quiet" }, phrase("runs.services", { services })),
    run.skus.length > 0 && h("div", { class: "quiet" }, phrase("runs.skus", { n: run.skus.length + run.more_skus, skus })),
    run.is_forced && h("div", { class: "quiet" }, say("runs.forced")),
  ];
}

function did(run) {
  const counts = COUNTS.filter((name) => run[name]).map((name) => say(`runs.${name}`, { n: run[name] }));
  const took = run.finished_at && say("runs.took", { n: secondsOf(run) });
  const moved = !counts.length && run.outcome === "ok" ? [say("runs.nothing")] : counts;
  return [
    [...moved, took].filter(Boolean).join(" · "),
    run.errors.map((sentence) => h("p", { class: "error", dir: "auto" }, sentence)),
  ];
}

export function holds(page, card) {
  const heads = [
    head("holds.scope"),
    head("holds.would"),
    head("holds.since", "time"),
    head("holds.id"),
    head("holds.do", "prose"),
  ];
  const shown = page.holds.map((hold) => [
    [foreign(hold.scope), hold.service && [h("span", { class: "dot" }, " · "), foreign(labelOf(page, hold.service))]],
    h("b", {}, say("holds.many", { n: hold.would_remove, of: hold.of })),
    when(Date.parse(hold.since)),
    h("bdi", { class: "mono" }, hold.id),
    advice(hold),
  ]);
  return section("holds", say("holds"), ...(shown.length ? [table("holds", heads, [shown]), counted(page, card)] : [note(say("holds.none"))]));
}

function advice(hold) {
  const service = hold.service ? ["--service", hold.service] : [];
  const words = [
    "datasync",
    "resync",
    "--scope",
    hold.scope,
    ...service,
    "--accept-shrink",
    hold.id,
    "--reason",
    "…",
    "--yes",
  ];
  return [h("p", {}, say(hold.service ? "holds.advice service" : "holds.advice")), command(words)];
}

export function quarantined(page, card) {
  if (!page.reasons.length) return section("quarantined", say("quarantined.records"), note(say("quarantined.none")));
  return section("quarantined", say("quarantined.records"), reasons(page), records(page), counted(page, card));
}

/** The records themselves, the first of each scope, behind a line that opens. */
function records(page) {
  const heads = [
    head("quarantined.scope"),
    head("sku"),
    head("name", "prose"),
    head("quarantined.code"),
    head("quarantined.why", "prose"),
  ];
  const shown = page.quarantined;
  const of = page.totals.reduce((sum, totals) => sum + totals.quarantined, 0);
  const part = shown.length < of && note(say("quarantined.part", { n: shown.length, of }));
  return h(
    "details",
    { class: "more" },
    h("summary", {}, say("quarantined.one by one")),
    shortened(shown, (some) => table("quarantined", heads, [some.map(recordRow)], 1)),
    part,
  );
}

function recordRow(record) {
  return [
    foreign(record.scope),
    record.sku === null ? "–" : h("bdi", { class: "mono" }, record.sku),
    record.name === null ? "–" : foreign(record.name),
    h("code", {}, record.code),
    foreign(record.sentence),
  ];
}

export function unconfigured(page, card) {
  if (!page.unconfigured.length) return null;
  const shown = page.unconfigured.map((leftover) =>
    h(
      "li",
      {},
      foreign(leftover.scope),
      leftover.service && [h("span", { class: "dot" }, " · "), foreign(leftover.service)],
      h("span", { class: "quiet" }, " ", say("unconfigured.held", { n: leftover.held })),
    ),
  );
  return section(
    "unconfigured",
    say("unconfigured"),
    note(say("unconfigured.explain")),
    h("ul", { class: "plain" }, shown),
    counted(page, card),
  );
}

function labelOf(page, name) {
  return page.services.find((entry) => entry.name === name)?.label ?? name;
}

function listed(names) {
  return names.map((name, i) => [i ? ", " : "", h("span", { class: "word" }, foreign(name))]);
}

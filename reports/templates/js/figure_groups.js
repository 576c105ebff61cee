// Which figures stand under a card, for "How is this counted?". The page's data say it, card by card (cards.py).

import { countedView, named } from "./counted.js";
import { secondsOf } from "./times.js";
import { say } from "./words.js";

/** "How is this counted?" for the figures of a card; on the tab of a service (`where`) for those of this service and its scope. */
export function counted(page, card, where) {
  const groups = rowsOf(page, card, where).map(({ group, row }) => groupOf(page, group, row));
  return countedView(page, groups);
}

/** The cards of the page that stand in a spot, in their order. */
export function cardsOf(page, spot) {
  return page.cards.filter((card) => card.spot === spot);
}

/** The rows with figures, each with its group; where there are several groups, those of one scope stand together. */
function rowsOf(page, { groups }, where) {
  const rows = groups.flatMap((group) => rowsIn(page, group, where).map((row) => ({ group, row })));
  if (groups.length === 1) return rows;
  const placeOf = ({ row }) => page.totals.findIndex((totals) => totals.scope === row.scope);
  return rows.sort((a, b) => placeOf(a) - placeOf(b));
}

function rowsIn(page, { rows, when }, where) {
  const all = Object.hasOwn(ROWS, rows) ? ROWS[rows](page) : page[rows];
  return all.filter((row) => (!when || row[when]) && (!where || isAt(row, where)));
}

function isAt(row, where) {
  return row.scope === where.scope && (row.service ?? where.service) === where.service;
}

// Rows that are no list of the page's data as they stand.
const ROWS = {
  services: (page) => page.totals.flatMap(({ scope, services }) => services.map((totals) => ({ ...totals, scope }))),
  scopes: (page) => page.totals.map((totals) => ({ ...totals, ...lastPull(totals), has_reasons: hasReasons(page, totals) })),
  runs: (page) => page.runs.map((run) => ({ ...run, seconds: run.finished_at && secondsOf(run) })),
};

function lastPull({ last_pull: pull }) {
  return Object.fromEntries(Object.entries(pull ?? {}).map(([name, value]) => [`pull ${name}`, value]));
}

function hasReasons(page, { scope }) {
  return page.reasons.some((reason) => reason.scope === scope);
}

function groupOf(page, group, row) {
  const offered = group.figures.filter(({ when }) => !when || row[when]);
  const figures = offered.map(({ name, label }) => ({ name, label: say(label), value: row[name] }));
  return { group: titleOf(page, row), key: filledIn(group.file, row), place: filledIn(group.place, row), figures };
}

function titleOf(page, row) {
  if (row.scope) return named(page, row.scope, row.service);
  return row.source ?? say("runs.id", { id: row.id });
}

/** A text with fields of a row in the place of their names in braces. */
function filledIn(text, row) {
  return text.replace(/\{(\w+)\}/g, (_, name) => row[name] ?? "");
}

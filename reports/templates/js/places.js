// Where one product is: every scope and service with when and which version, what is missing, and which translations lag.

import { foreign, h, icon } from "./dom.js";
import { open } from "./scope_data.js";
import { addressOf } from "./state.js";
import { storyOf, textChanges } from "./story.js";
import { time, when } from "./times.js";
import { reason } from "./why.js";
import { phrase, say } from "./words.js";

const IN_CATALOG = ["current", "stale", "missing", "rejected", "failed", "excluded"];
const LEAVING = ["excluded", "orphaned"];
const opened = new Map();

/** What every scope knows of a SKU: its row and version in each service, and its story; the scope of `scopeData` comes first. */
export async function placesOf(page, scopeData, sku) {
  const others = page.scopes.filter((scope) => scope.name !== scopeData.scope);
  const mine = page.scopes.find((scope) => scope.name === scopeData.scope);
  return Promise.all([mine, ...others].map((scope) => placeOf(page, scopeData, scope, sku)));
}

/** Where else a SKU is that this scope does not know: links to it there, if there is any. */
export async function elsewhere(page, scopeData, service, sku) {
  const places = await placesOf(page, scopeData, sku).catch(() => []);
  const links = places
    .filter((place) => place.isThere)
    .map(({ scope }) => h("a", { href: addressOf(scope.name, service.name, { sku }) }, foreign(scope.name)));
  return links.length ? [" ", say("places.elsewhere"), " ", links.flatMap((link, i) => (i ? [", ", link] : [link]))].flat() : [];
}

async function placeOf(page, scopeData, scope, sku) {
  const there = scope.name === scopeData.scope ? scopeData : await scopeDataOf(page, scope.name);
  const rows = await Promise.all(page.services.map(({ name }) => there.rowOf(name, sku)));
  const versions = await Promise.all(rows.map((row) => (row?.held ? there.payload(row) : null)));
  const story = await storyOf(page.version, scope.name, sku);
  const isThere = rows.some((row) => row && IN_CATALOG.includes(row.state));
  return { scope, rows, hashes: versions.map((version) => version?.hash ?? null), story, isThere, texts: textChanges(story, page.text_fields) };
}

function scopeDataOf(page, scope) {
  if (!opened.has(scope)) opened.set(scope, open(page.version, scope));
  opened.get(scope).catch(() => opened.delete(scope));
  return opened.get(scope);
}

/** The table of scopes and services. */
export function placesView(page, places, sku) {
  const title = h("h3", { id: "detail-places" }, say("places"));
  const heads = [say("scope"), ...page.services.map((service) => foreign(service.label))];
  return h(
    "section",
    { "aria-labelledby": title.id },
    title,
    h(
      "div",
      { class: "scroll", role: "group", tabindex: "0", "aria-labelledby": title.id },
      h(
        "table",
        { class: "places", "aria-labelledby": title.id },
        h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
        h("tbody", {}, places.map((place) => placeRow(page, place, sku))),
      ),
    ),
  );
}

function placeRow(page, { scope, rows, hashes }, sku) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, foreign(scope.name)),
    page.services.map((service, i) =>
      h("td", { "data-label": service.label }, cell(rows[i], hashes[i], addressOf(scope.name, service.name, { sku }))),
    ),
  );
}

function cell(row, hash, href) {
  if (!row) return h("span", { class: "quiet" }, say("places.none"));
  const sign = row.held ? (row.state === "current" ? "check" : "sync") : "dash";
  return h(
    "div",
    { class: `place ${row.held ? row.state : "away"}` },
    icon(sign),
    h(
      "div",
      {},
      h("a", { href }, say(row.state)),
      row.held && LEAVING.includes(row.state) && h("div", { class: "quiet" }, say("orphaned.means")),
      row.held && h("div", { class: "quiet" }, when(row.updated)),
      hash && h("div", { class: "quiet mono" }, hash.slice(0, 8)),
    ),
  );
}

/** Why a service does not hold the product: a sentence for each that does not, in the first of the places. */
export function absencesView(page, [{ rows, scope, isThere }]) {
  const lines = page.services.flatMap((service, i) => {
    const row = rows[i];
    if (row?.held) return [];
    const why = row ? [h("b", {}, say(row.state)), ": ", h("span", { dir: "auto" }, reason(row))] : phrase("places.unknown", { scope: scope.name });
    const timeNote = row && row.answeredAt !== null && [" ", h("span", { class: "quiet" }, phrase("why.at", { when: time(row.answeredAt) }))];
    return [h("li", {}, h("b", {}, foreign(service.label)), " – ", why, timeNote)];
  });
  if (!lines.length) return null;
  const title = h("h3", { id: "detail-absences" }, say("absences"));
  const note = !isThere && rows.some(Boolean) && h("p", { class: "quiet" }, phrase("places.left", { scope: scope.name }));
  return h("section", { "aria-labelledby": title.id }, title, h("ul", { class: "got" }, lines), note);
}

/** One line for each other scope: there and up to date, missing, or older than a change somewhere else. */
export function translationsView(page, places) {
  if (places.length < 2) return null;
  const title = h("h3", { id: "detail-translations" }, say("translations"));
  return h(
    "section",
    { "aria-labelledby": title.id },
    title,
    h("ul", { class: "got translations" }, places.map((place) => translation(place, places))),
    h("p", { class: "quiet" }, phrase("translations.fields", { fields: page.text_fields.map(nameOf).join(", ") })),
  );
}

function translation(place, places) {
  const name = h("b", {}, foreign(place.scope.name));
  if (!place.isThere) return h("li", { class: "missing" }, icon("dash"), h("span", {}, name, " ", say("translations.missing")));
  const newer = laterThan(place, places);
  if (!newer.length) return h("li", { class: "current" }, icon("check"), h("span", {}, name, " ", say("translations.current")));
  const words = newer.map((change, i) => [i ? "; " : "", phrase("translations.changed", { scope: change.scope, fields: change.fields.map(nameOf).join(", "), when: time(change.at) })]);
  return h("li", { class: "stale" }, icon("warn"), h("span", {}, name, " ", say("translations.stale"), " ", words, "."));
}

/** Changes of texts in other scopes after this scope's own, the newest first. Changes of one run count as one, because it reads scopes in turn. */
export function laterThan(place, places) {
  const own = place.texts.at(-1) ?? { at: 0, run: null };
  const isLater = (change) => change.fields.length && change.at > own.at && change.run !== own.run;
  const others = places.filter((other) => other !== place && other.isThere);
  const changes = others.flatMap(({ scope, texts }) => texts.filter(isLater).map((change) => ({ ...change, scope: scope.name })));
  return changes.sort((a, b) => b.at - a.at);
}

function nameOf(field) {
  return field.replace(/^attributes\./, "");
}

function newest(places) {
  return places.toSorted((a, b) => b.change.at - a.change.at)[0];
}

// The versions of a product, the newest first: what changed, when the source said so, when each service got it.

import { foreign, h } from "./dom.js";
import { repairsOf } from "./repairs.js";
import { time, when } from "./times.js";
import { known, phrase, say } from "./words.js";

export function historyView(page, scope, { since, versions, answers }, isQuarantined) {
  const shown = versions
    ? h("ol", { class: "history" }, [...versions].reverse().map((version) => entry(page, versions, version, answers)))
    : h("p", { class: "quiet" }, say(isQuarantined ? "history.never valid" : "history.none"));
  const sinceNote = since !== null && h("p", { class: "quiet" }, phrase("history.since", { when: time(since) }));
  const title = h("h3", { id: "detail-history" }, say("history"));
  return h("section", { "aria-labelledby": title.id }, title, shown, repairsOf(page, scope), sinceNote);
}

function entry(page, versions, version, answers) {
  return h(
    "li",
    {},
    h(
      "div",
      { class: "history-head" },
      h("b", {}, isNeverValid(versions, version) ? say("history.never valid") : known("history.", version.change)),
      when(version.at),
      version.hash && h("span", { class: "quiet" }, say("detail.version"), " ", h("span", { class: "mono" }, version.hash)),
    ),
    version.code && h("p", {}, phrase("history.quarantined as", { code: version.code })),
    version.source !== null && h("p", { class: "quiet" }, phrase("history.source", { when: time(version.source) })),
    version.changes && changed(version.changes),
    got(page, versions, version, answers),
    h("p", { class: "quiet run-id" }, phrase("runs.id", { id: version.run })),
  );
}

/** True for a quarantined record whose SKU had no valid version before. */
function isNeverValid(versions, version) {
  return version.change === "quarantined" && !versions.slice(0, versions.indexOf(version)).some(({ hash }) => hash !== null) && version.hash === null;
}

function changed(fields) {
  if (!fields.length) return h("p", { class: "quiet" }, say("history.same"));
  const head = ["history.field", "history.before", "history.after"].map((key) => h("th", { scope: "col" }, say(key)));
  const rows = fields.map(({ field, before, after }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row", class: "mono" }, foreign(field)),
      h("td", {}, value("del", before)),
      h("td", {}, value("ins", after)),
    ),
  );
  return h("table", { class: "changes" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows));
}

function value(tag, text) {
  return !text ? h("span", { class: "quiet" }, say("history.empty")) : h(tag, { dir: "auto" }, text);
}

/** What each service answered to a version. */
function got(page, versions, version, answers) {
  const mine = answers.filter((answer) => versionOf(versions, answer) === version);
  const lines = page.services.map((service) => line(service, mine.filter(({ service: name }) => name === service.name), version));
  return h("ul", { class: "got" }, lines);
}

/**
 * The version that an answer belongs to: the one with its content. Of several, it is the last before the answer; if the
 * answer is before all of them, because clocks differ, it is the first.
 */
export function versionOf(versions, { hash, at }) {
  const same = versions.filter((version) => version.hash === hash);
  return same.findLast((version) => version.at <= at) ?? same[0];
}

function line(service, answers, { change }) {
  const none = change === "removed" || change === "quarantined" ? null : say("history.not received");
  if (!answers.length && none === null) return null;
  const clauses = answers.map(({ outcome, operation, at, words, run }) =>
    h(
      "span",
      { class: "answer", title: run ? say("runs.id", { id: run }) : undefined },
      answerOf(outcome, operation),
      " ",
      time(at),
      words && [" ", foreign(words)],
      isByHand(outcome, operation) && [" ", h("span", { class: "quiet" }, phrase("history.by", { id: run }))],
    ),
  );
  const shown = clauses.flatMap((node, i) => (i ? ["; ", node] : [node]));
  return h("li", {}, h("b", {}, foreign(service.label)), " ", answers.length ? shown : h("span", { class: "quiet" }, none));
}

/** A resync names its run, because a person asked for it. */
function isByHand(outcome, operation) {
  return outcome === "marked" || operation === "resent";
}

function answerOf(outcome, operation) {
  return say(outcome === "received" && operation === "resent" ? "history.got resent" : `history.got ${outcome}`);
}

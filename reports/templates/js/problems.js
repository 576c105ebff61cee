// What a reader has to know before anything else, each with the place that shows it; the worst first.

import { late } from "./freshness.js";
import { OVERVIEW } from "./state.js";
import { say } from "./words.js";

/** Clauses of the banner: words, what fills them in, and where to go. Empty when all is well. */
export function problems(page, now) {
  return [...unexplained(page), ...held(page), ...doubts(page), ...clocks(page), ...failures(page), ...behind(page), ...old(page, now)];
}

function all(page) {
  return page.totals.flatMap((totals) => totals.services.map((one) => ({ ...one, scope: totals.scope })));
}

function unexplained(page) {
  const found = all(page).filter((one) => one.unexplained !== 0);
  return found.map((one) => ({
    key: "banner.unexplained",
    serious: true,
    go: { tab: OVERVIEW, at: "balance" },
    values: { n: Math.abs(one.unexplained), scope: one.scope, service: label(page.services, one.service) },
  }));
}

/** A clause for each cause: the source, the catalog or the service that failed, with the scopes where it did and why. */
function failures(page) {
  const failed = all(page).filter((one) => one.failed_step !== null);
  const steps = failed.filter((one) => one.failed_step !== "pull");
  const causes = [...unread(page), ...steps.map(({ scope, service, failed_step: step, failure }) => ({ step, scope, service, failure }))];
  return Object.values(Object.groupBy(causes, causeOf)).map((alike) => failure(page, alike));
}

/** Scopes whose last pull failed; their services took no part in that. */
function unread(page) {
  const failed = page.health.filter((one) => one.outcome === "failed");
  return failed.map(({ scope, source, error }) => ({ step: "pull", scope, source, failure: error }));
}

/** What failures of one cause share: names of scopes in a sentence make no other cause of it. */
function causeOf(one) {
  return JSON.stringify([one.step, one.step === "catalog" || (one.source ?? one.service), withoutNames(one)]);
}

function withoutNames({ scope, failure }) {
  return firstSentence(failure ?? say("banner.no reason")).replaceAll(scope, "…").replace(/'[^']*'/g, "“…”");
}

const KEYS = { pull: "banner.source", catalog: "banner.catalog", transfer: "banner.service" };

function failure(page, alike) {
  const [{ step, source, service, scope, failure: first }] = alike;
  const scopes = [...new Set(alike.map((one) => one.scope))].join(", ");
  const isSame = first !== null && alike.every((one) => one.failure === first);
  const reason = isSame ? firstSentence(first) : withoutNames(alike[0]);
  const values = { scopes, source, service: label(page.services, service), reason };
  const go = step === "transfer" ? { scope, tab: service } : { tab: OVERVIEW, at: step === "pull" ? "sources" : "runs" };
  return { key: KEYS[step], serious: true, values, go };
}

function firstSentence(text) {
  return text.replace(/^scopes\.[^:]+: /, "").split(/\.(?:\s|$)/)[0];
}

function held(page) {
  if (!page.holds.length) return [];
  const [{ scope, service, would_remove: n }] = page.holds;
  const go = { tab: OVERVIEW, at: "holds" };
  if (page.holds.length > 1) return [{ key: "banner.held more", values: { n: page.holds.length }, go }];
  if (service) return [{ key: "banner.held service", values: { n, scope, service: label(page.services, service) }, go }];
  return [{ key: "banner.held", values: { n, scope }, go }];
}

/** Scopes with products that no pull has read since the store was repaired. */
function doubts(page) {
  return page.unverified.map(({ scope, products: n, since }) => ({
    key: "banner.unverified",
    values: { n, scope, when: Date.parse(since) },
    go: { tab: OVERVIEW, at: "repairs" },
  }));
}

/** Runs whose clock was ahead, each with the first place where that shows. */
function clocks(page) {
  const first = [...new Map([...page.ahead].reverse().map((one) => [one.run, one])).values()].reverse();
  return first.map(({ run, scope, service, at }) => ({
    key: "banner.clock",
    values: { run, scope, when: Date.parse(at) },
    go: service ? { scope, tab: service } : { tab: OVERVIEW, at: "runs" },
  }));
}

/** Services whose last sync went well, or is held, and still lies too far back. */
function behind(page) {
  const failed = all(page).filter((one) => one.failed_step !== null);
  const isFailed = ({ scope, service }) => failed.some((one) => one.scope === scope && one.service === service);
  const found = late(page).filter((one) => !isFailed(one));
  if (!found.length) return [];
  const [{ scope, service }] = found;
  const values = { scope, service: label(page.services, service), n: found.length - 1 };
  const key = found.length > 1 ? "banner.late more" : "banner.late";
  return [{ key, values, go: { tab: OVERVIEW, at: "matrix" } }];
}

function old(page, now) {
  if (page.stale_after === null || now <= Date.parse(page.stale_after)) return [];
  return [{ key: "banner.old", values: { when: Date.parse(page.stale_after) }, go: { tab: OVERVIEW, at: "runs" } }];
}

function label(named, name) {
  return named.find((one) => one.name === name)?.label ?? name;
}

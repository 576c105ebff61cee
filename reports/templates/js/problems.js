// What a reader has to know first, each with the place that shows it; the worst comes first.

import { late } from "./freshness.js";
import { OVERVIEW } from "./state.js";
import { say } from "./words.js";

/** Clauses of the banner: words, what fills them in, and where to go. Empty when all is well. */
export function problems(page, now) {
  return [...unexplained(page), ...held(page), ...doubts(page), ...drifts(page), ...clocks(page), ...failures(page), ...behind(page), ...old(page, now)];
}

function all(page) {
  return page.totals.flatMap((totals) => totals.services.map((service) => ({ ...service, scope: totals.scope })));
}

function unexplained(page) {
  const services = all(page).filter((service) => service.unexplained !== 0);
  return services.map((service) => ({
    key: "banner.unexplained",
    serious: true,
    go: { tab: OVERVIEW, at: "balance" },
    values: { n: Math.abs(service.unexplained), scope: service.scope, service: label(page.services, service.service) },
  }));
}

/** A clause for each cause: the source, the catalog or the service that failed, with the scopes where it did and why. */
function failures(page) {
  const failed = all(page).filter((service) => service.failed_step !== null);
  const steps = failed.filter((service) => service.failed_step !== "pull");
  const causes = [...unread(page), ...steps.map(({ scope, service, failed_step: step, failure }) => ({ step, scope, service, failure }))];
  return Object.values(Object.groupBy(causes, causeOf)).map((alike) => failure(page, alike));
}

/** Scopes whose last pull failed; their services took no part in that. */
function unread(page) {
  const failed = page.health.filter((source) => source.outcome === "failed");
  return failed.map(({ scope, source, error }) => ({ step: "pull", scope, source, failure: error }));
}

/** What failures of one cause share: sentences that differ in names of scopes alone are one cause. */
function causeOf(failure) {
  return JSON.stringify([failure.step, failure.step === "catalog" || (failure.source ?? failure.service), withoutNames(failure)]);
}

function withoutNames({ scope, failure }) {
  return firstSentence(failure ?? say("banner.no reason")).replaceAll(scope, "…").replace(/'[^']*'/g, "“…”");
}

const KEYS = { pull: "banner.source", catalog: "banner.catalog", transfer: "banner.service" };

function failure(page, alike) {
  const [{ step, source, service, scope, failure: first }] = alike;
  const scopes = [...new Set(alike.map((failure) => failure.scope))].join(", ");
  const isSame = first !== null && alike.every((failure) => failure.failure === first);
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

/** Services that an audit found to hold otherwise than their receipts say, until a transfer came after it. */
function drifts(page) {
  return all(page).filter((row) => row.audit?.is_drift_due).map(({ scope, service, audit }) => ({
    key: "banner.drift",
    serious: true,
    values: { n: audit.absent + audit.different + audit.foreign, scope, service: label(page.services, service) },
    go: { scope, tab: service },
  }));
}

/** Runs whose clock was ahead, each with the first place where that shows. */
function clocks(page) {
  const first = [...new Map([...page.ahead].reverse().map((clock) => [clock.run, clock])).values()].reverse();
  return first.map(({ run, scope, service, at }) => ({
    key: "banner.clock",
    values: { run, scope, when: Date.parse(at) },
    go: service ? { scope, tab: service } : { tab: OVERVIEW, at: "runs" },
  }));
}

/** Services whose last sync did not fail but lies too far back. */
function behind(page) {
  const failed = all(page).filter((row) => row.failed_step !== null);
  const isFailed = ({ scope, service }) => failed.some((row) => row.scope === scope && row.service === service);
  const services = late(page).filter((row) => !isFailed(row));
  if (!services.length) return [];
  const [{ scope, service }] = services;
  const values = { scope, service: label(page.services, service), n: services.length - 1 };
  const key = services.length > 1 ? "banner.late more" : "banner.late";
  return [{ key, values, go: { tab: OVERVIEW, at: "matrix" } }];
}

function old(page, now) {
  if (page.stale_after === null || now <= Date.parse(page.stale_after)) return [];
  return [{ key: "banner.old", values: { when: Date.parse(page.stale_after) }, go: { tab: OVERVIEW, at: "runs" } }];
}

function label(named, name) {
  return named.find((entry) => entry.name === name)?.label ?? name;
}

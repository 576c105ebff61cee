// What a reader has to know before anything else, each with the place that shows it; the worst first.

import { late } from "./freshness.js";
import { OVERVIEW } from "./state.js";

/** Clauses of the banner: words, what fills them in, and where to go. Empty when all is well. */
export function problems(page, now) {
  return [...unexplained(page), ...failures(page), ...failedRuns(page), ...held(page), ...behind(page), ...old(page, now)];
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

function failures(page) {
  return page.services.flatMap(({ name, label: service }) => {
    const found = all(page).filter((one) => one.service === name && one.outcome === "failed");
    if (!found.length) return [];
    const key = found.length > 1 ? "banner.failed more" : "banner.failed";
    return [
      {
        key,
        serious: true,
        values: { service, scope: found[0].scope, n: found.length - 1 },
        go: { scope: found[0].scope, tab: name },
      },
    ];
  });
}

/** Scopes whose newest finished run failed while no service shows it: the source could not be read. */
function failedRuns(page) {
  const shown = new Set(
    all(page)
      .filter((one) => one.outcome === "failed")
      .map((one) => one.scope),
  );
  return page.scopes.flatMap(({ name }) => {
    const last = page.runs.find((run) => run.scopes.includes(name) && run.outcome !== "running");
    if (last?.outcome !== "failed" || shown.has(name)) return [];
    return [{ key: "banner.run", serious: true, values: { scope: name }, go: { tab: OVERVIEW, at: "runs" } }];
  });
}

function held(page) {
  if (!page.holds.length) return [];
  const [first] = page.holds;
  const go = { tab: OVERVIEW, at: "holds" };
  if (page.holds.length > 1) return [{ key: "banner.held more", values: { n: page.holds.length }, go }];
  return [{ key: "banner.held", values: { n: first.would_remove, scope: first.scope }, go }];
}

/** Services whose last sync went well, or is held, and still lies too far back. */
function behind(page) {
  const failed = all(page).filter((one) => one.outcome === "failed");
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

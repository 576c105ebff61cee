// The lists that figures count: which rows of a service each one has. Its name is the name of its figure.

export const RECEIVED = "total_received";
export const ASKED = "asked";

// Every product of the catalog is in one of these states in each service; the last one should have none.
const CATALOG = ["current", "stale", "missing", "rejected", "failed", "excluded", "unexplained"];

const inState = (state) => (row) => row.state === state;

const LISTS = {
  products: (row) => CATALOG.includes(row.state),
  total_received: (row) => row.held,
  latest_update: (row) => row.flags & 1,
  resent_in_window: (row) => row.flags & 2,
  removed_in_window: (row) => row.flags & 4,
  current: inState("current"),
  stale: inState("stale"),
  missing: inState("missing"),
  rejected: inState("rejected"),
  failed: inState("failed"),
  excluded: inState("excluded"),
  unexplained: inState("unexplained"),
  due: (row) => ["missing", "stale", "failed"].includes(row.state),
  held_older: (row) => row.held && ["rejected", "failed"].includes(row.state),
  orphaned: (row) => row.held && ["excluded", "orphaned"].includes(row.state),
  removals_due: (row) => row.flags & 8,
  quarantined: inState("quarantined"),
  pull_quarantined: (row) => row.state === "quarantined" && row.isOfLastPull,
  absent: (row) => !row.held && !row.isRepeated,
  asked: (row) => !row.isRepeated,
};

export const NAMES = Object.keys(LISTS);

/** Whether a list has records in quarantine, which are no products. */
export function hasRecords(name) {
  return name.endsWith("quarantined");
}

/** Whether a row ({held, state, flags, isRepeated, isOfLastPull}) is in a list. */
export function isIn(name, row) {
  return Boolean(LISTS[name](row));
}

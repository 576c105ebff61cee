// What is in quarantine and why: one line for each kind of reason, the most frequent first, each leading to the records.

import { foreign, h } from "./dom.js";
import { figure } from "./figures.js";
import { number } from "./format.js";
import { head, shortened, table } from "./parts.js";
import { say } from "./words.js";

export function reasons(page) {
  const words = ["reasons.reason", "quarantined.code", "quarantined.scope"].map((key) => head(key));
  const heads = [...words, head("reasons.records", "num")];
  const rows = [...page.reasons].sort((a, b) => b.records - a.records);
  return shortened(rows, (shown) => table("quarantined", heads, [shown.map((entry) => reason(page, entry))]));
}

function reason(page, entry) {
  const where = { scope: entry.scope, service: page.services[0]?.name };
  const label = say("reasons.label", { n: entry.records, scope: entry.scope });
  const records = figure(where, "quarantined", entry.records, number(entry.records), { reason: `${entry.code}: ${entry.reason}` });
  records.ariaLabel = label;
  return [
    foreign(entry.reason),
    h("code", {}, entry.code),
    foreign(entry.scope),
    records,
  ];
}

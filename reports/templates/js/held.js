// What one scope's services hold, and what they do not and why: opened once, then asked for pages of rows. The views ask
// `find`, `absent`, `each`, `one` and `payload`; whether all rows are loaded or an index is used is decided here.

import { Indexed } from "./indexed.js";
import { json, load } from "./load.js";
import { Rows } from "./rows.js";
import { Whole } from "./whole.js";

export async function open(version, scope) {
  const base = `${version}/${scope}`;
  const head = await load(`${base}/head0`, json);
  const rows = new Rows(base, head);
  const held = head.whole ? new Whole(scope, head, rows) : new Indexed(scope, head, rows);
  return Object.assign(held, { version, payload: (row) => payload(base, head, row) });
}

/** The JSON text of a row's version as services received it, or null where it is no longer kept; and its hash. */
async function payload(base, head, row) {
  if (row.version >= head.versions) return { hash: null, text: null };
  const lines = await load(`${base}/payload${Math.floor(row.version / head.payloads)}`, linesOf);
  const at = 2 * (row.version % head.payloads);
  return { hash: lines[at], text: lines[at + 1] || null };
}

function linesOf(bytes) {
  return new TextDecoder().decode(bytes).split("\n");
}

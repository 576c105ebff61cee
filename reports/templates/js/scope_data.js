// What a scope's services hold, and what they do not and why: opened once, then read page by page. The views call
// `find`, `absent`, `each`, `rowOf` and `payload`; whether all rows are loaded or an index is used is decided here.

import { Indexed } from "./indexed.js";
import { json, load } from "./load.js";
import { Rows, deadOf } from "./rows.js";
import { Whole } from "./whole.js";

export async function open(version, scope) {
  const base = `${version}/${scope}`;
  const head = await load(`${base}/head0`, json);
  const rows = new Rows(scope, head, await deadOf(base, head));
  const scopeData = head.whole ? new Whole(scope, head, rows) : new Indexed(scope, head, rows, base);
  return Object.assign(scopeData, { version, payload: (row) => rows.payload(row) });
}

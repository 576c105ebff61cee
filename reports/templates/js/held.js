// What the services of one scope hold: opened once, then asked for pages of rows. Only this module knows how products are
// stored; the views ask `find`, `one`, `others` and `payload`, so that another way of storing changes nothing else.

import { fold, wordsOf } from "./fold.js";
import { load } from "./load.js";

export async function open(version, scope) {
  const [text] = await load(version, `scope-${scope}`);
  return new Held(version, scope, JSON.parse(text));
}

export class Held {
  constructor(version, scope, columns) {
    Object.assign(this, { version, scope, columns });
    this.lists = new Map();
    this.orders = new Map();
    this.collator = collator(scope);
  }

  /** One page of what `service` holds: its rows, how many match, and how many are held. */
  async find({ service, q, sort, from, count }) {
    const list = this.list(service);
    const matches = this.matching(this.order(service, sort), list, wordsOf(q));
    const rows = matches.slice(from, from + count).map((place) => this.row(list, place));
    return { rows, matched: matches.length, total: list.rows.length };
  }

  /** The row of one SKU in `service`, or undefined. */
  async one(service, sku) {
    const list = this.list(service);
    const place = list.rows.findIndex((row) => this.columns.sku[row] === sku);
    return place < 0 ? undefined : this.row(list, place);
  }

  /** The JSON text of a row's version as services received it, or null where it is no longer kept; and its hash. */
  async payload(row) {
    const size = this.columns.payloads;
    const [hashes, ...texts] = await load(this.version, `payload-${this.scope}-${Math.floor(row.version / size)}`);
    const place = row.version % size;
    return { hash: JSON.parse(hashes)[place], text: texts[place] || null };
  }

  list(service) {
    if (!this.lists.has(service)) this.lists.set(service, decode(this.columns.held[service]));
    return this.lists.get(service);
  }

  row(list, place) {
    const version = list.rows[place];
    const c = this.columns;
    const of = (column) => column.values[column.of[version]];
    return {
      version,
      sku: c.sku[version],
      name: c.name[version],
      type: of(c.type),
      visibility: of(c.visibility),
      stock: of(c.stock),
      updated: list.at[place],
    };
  }

  matching(order, list, words) {
    if (!words.length) return order;
    this.folded ??= this.columns.sku.map((sku, i) => fold(`${this.columns.name[i] ?? ""}\n${sku}`));
    return order.filter((place) => words.every((word) => this.folded[list.rows[place]].includes(word)));
  }

  /** Places in a service's list, in the order of a column; kept, for sorting by name costs the most here. */
  order(service, sort) {
    const key = `${service} ${sort}`;
    if (!this.orders.has(key)) this.orders.set(key, this.sorted(this.list(service), sort));
    return this.orders.get(key);
  }

  sorted(list, sort) {
    const column = sort.replace(/^-/, "");
    const places = list.rows.map((_, place) => place);
    const back = sort.startsWith("-");
    if (column === "updated") return back ? places.reverse() : places;
    const ranks = this.ranks(column);
    const sign = back ? -1 : 1;
    return places.sort((a, b) => sign * (ranks[list.rows[a]] - ranks[list.rows[b]]) || a - b);
  }

  /** For every version, the rank of its value in a column: texts are compared once each. */
  ranks(column) {
    const values = this.texts(column);
    const distinct = [...new Set(values)].sort(this.collator.compare);
    const rank = new Map(distinct.map((text, i) => [text, i]));
    return values.map((text) => rank.get(text));
  }

  texts(column) {
    const held = this.columns[column];
    return Array.isArray(held) ? held.map((text) => text ?? "") : held.of.map((i) => String(held.values[i] ?? ""));
  }
}

/** A service's list as it is stored: version numbers, newest first, and the milliseconds to the row before. */
function decode(stored) {
  const at = [];
  let ms = stored?.newest ?? 0;
  for (const step of stored?.steps ?? []) at.push((ms -= step));
  return { rows: stored?.rows ?? [], at };
}

function collator(scope) {
  try {
    return new Intl.Collator(scope.replaceAll("_", "-"), { numeric: true });
  } catch {
    return new Intl.Collator(undefined, { numeric: true });
  }
}

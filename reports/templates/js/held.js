// What one scope's services hold, and what they do not and why: opened once, then asked for pages of rows. Only this module
// knows how products are stored; the views ask `find`, `each`, `one` and `payload`, so that another way of storing
// changes nothing else.

import { decode, withQuarantine } from "./columns.js";
import { fold, wordsOf } from "./fold.js";
import { ASKED, isIn } from "./lists.js";
import { load } from "./load.js";

export const FILTERS = ["type", "visibility", "stock"];

export async function open(version, scope) {
  const [text] = await load(version, `scope-${scope}`);
  return new Held(version, scope, JSON.parse(text));
}

export class Held {
  constructor(version, scope, stored) {
    Object.assign(this, { version, scope, columns: withQuarantine(stored), stored });
    this.kept = new Map();
    this.collator = collator(scope);
  }

  /** One page of a service's list: its rows, how many match, how many are listed, and the filters' counts. */
  async find(asked, from, count) {
    const { list, listed, matches, filtered } = this.matching(asked);
    const rows = filtered.slice(from, from + count).map((place) => this.row(list, place));
    const found = { rows, matched: filtered.length, total: listed.length, counts: this.counts(list, matches, asked) };
    return asked.list === ASKED ? { ...found, ...this.answer(list, listed, asked.skus) } : found;
  }

  /** Every row that matches, in its order, made one by one. */
  *each(asked) {
    const { list, filtered } = this.matching(asked);
    for (const place of filtered) yield this.row(list, place);
  }

  /** The row of one SKU that `service` holds, or else the one that says why not, or undefined. */
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
    return this.keep(`list ${service}`, () => decode(this.stored.lists[service], this.columns));
  }

  row(list, place) {
    const version = list.rows[place];
    const { sku, name } = this.columns;
    const told = { state: list.state[place], words: list.words[place], held: list.held[place], told: list.told[place] };
    const [type, visibility, stock] = FILTERS.map((column) => this.value(column, version));
    return { version, sku: sku[version], name: name[version], type, visibility, stock, updated: list.at[place], ...told };
  }

  value(column, version) {
    return this.columns[column].values[this.columns[column].of[version]];
  }

  /** Places in a service's list: those of the list asked for, those with the words, and those the filters leave. */
  matching(asked) {
    const list = this.list(asked.service);
    const listed = this.listed(asked, list);
    const matches = this.worded(listed, list, wordsOf(asked.q));
    const filtered = matches.filter((place) => FILTERS.every((column) => this.passes(list, place, column, asked)));
    return { list, listed, matches, filtered };
  }

  listed({ service, sort, list: name, skus }, list) {
    const isListed = (place) => isIn(name, list.toldOf(place));
    const places = this.keep(`places ${service} ${sort} ${name}`, () => this.order(service, sort).filter(isListed));
    if (name !== ASKED) return places;
    const wanted = new Set(skus);
    return places.filter((place) => wanted.has(this.columns.sku[list.rows[place]]));
  }

  /** Of the SKUs that were asked for: how many are held, how many are not, and those that nothing is known of. */
  answer(list, listed, skus) {
    const known = new Set(listed.map((place) => this.columns.sku[list.rows[place]]));
    const held = listed.filter((place) => list.held[place]).length;
    return { held, absent: known.size - held, unknown: skus.filter((sku) => !known.has(sku)) };
  }

  worded(places, list, words) {
    if (!words.length) return places;
    const texts = this.keep("folded", () => this.columns.sku.map((sku, i) => this.searched(sku, i)));
    return places.filter((place) => words.every((word) => texts[list.rows[place]].includes(word)));
  }

  searched(sku, i) {
    return fold(`${this.columns.name[i] ?? ""}\n${sku}`);
  }

  passes(list, place, column, asked) {
    return !asked[column] || keyOf(this.value(column, list.rows[place])) === asked[column];
  }

  /** For each filter, how many rows each of its values would leave, the other filters as they are. */
  counts(list, matches, asked) {
    return Object.fromEntries(FILTERS.map((column) => [column, this.countsOf(column, list, matches, asked)]));
  }

  countsOf(column, list, matches, asked) {
    const others = FILTERS.filter((one) => one !== column && asked[one]);
    const counts = new Map();
    for (const place of matches) {
      if (!others.every((one) => this.passes(list, place, one, asked))) continue;
      const key = keyOf(this.value(column, list.rows[place]));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts].filter(([key]) => key).sort((a, b) => b[1] - a[1]);
  }

  /** Places in a service's list, in the order of a column; kept, for sorting by name costs the most here. */
  order(service, sort) {
    return this.keep(`order ${service} ${sort}`, () => this.sorted(this.list(service), sort));
  }

  sorted(list, sort) {
    const column = sort.replace(/^-/, "");
    const places = list.rows.map((_, place) => place);
    const sign = sort.startsWith("-") ? -1 : 1;
    if (column === "updated") return sign < 0 ? oldestFirst(places, list) : places;
    const ranks = this.ranks(column);
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

  keep(key, make) {
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }
}

/** A column's value as the address has it: a list of places is one word, an empty one "none", no value "". */
function keyOf(value) {
  if (Array.isArray(value)) return value.join(",") || "none";
  return value ?? "";
}

/** Times backwards; rows without a time stay last. */
function oldestFirst(places, list) {
  const hasTime = (place) => list.at[place] !== null || list.told[place] !== null;
  return [...places.filter(hasTime).reverse(), ...places.filter((place) => !hasTime(place))];
}

function collator(scope) {
  try {
    return new Intl.Collator(scope.replaceAll("_", "-"), { numeric: true });
  } catch {
    return new Intl.Collator(undefined, { numeric: true });
  }
}

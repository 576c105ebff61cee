// Documents out of their row shards: what a table shows of a document in one service.

import { searched } from "./fold.js";
import { load } from "./load.js";
import { Reader } from "./unpack.js";

const REPEATED = 512;
const TIMED = 1024;
const LAST_PULL = 2048;
const HELD = 16;

/** What a code says: the state, the flags, whether it is held, whether there is a time, whether it repeats a product's SKU, whether the last pull put it into quarantine. */
export function meaningOf(code, states) {
  const flags = (code >> 4) & 31;
  const is = { held: Boolean(flags & HELD), isRepeated: Boolean(code & REPEATED), isTimed: Boolean(code & TIMED) };
  const isOfLastPull = Boolean(code & LAST_PULL);
  return { state: states[(code & 15) - 1], flags, ...is, isOfLastPull };
}

/**
 * The documents of a scope, by number: those of the base segment, then the recent ones. `prefix` is the beginning of all
 * keys but for the version, `head` what is known of the scope, `dead` the documents that are no more.
 */
export class Rows {
  constructor(scope, head, dead) {
    let first = 0;
    this.segments = head.segments.map((entry) => {
      const segment = { ...entry, first, isRecent: entry.prefix !== "", base: `${entry.version}/${scope}/${entry.prefix}` };
      first += entry.size;
      return segment;
    });
    Object.assign(this, { head, dead, size: first });
  }

  segmentOf(doc) {
    return this.segments.findLast((segment) => doc >= segment.first);
  }

  /** All documents there are. */
  all() {
    return Array.from({ length: this.size }, (_, doc) => doc).filter((doc) => !this.dead.has(doc));
  }

  /** The rows of some documents in one service, a promise; undefined for a document of which it says nothing. */
  async of(docs, service) {
    const shards = new Map(docs.map((doc) => [this.keyOf(doc), doc]));
    const loaded = await Promise.all([...shards.values()].map((doc) => this.shard(doc)));
    const byKey = new Map([...shards.keys()].map((key, i) => [key, loaded[i]]));
    return docs.map((doc) => byKey.get(this.keyOf(doc)).row(doc, service));
  }

  keyOf(doc) {
    const { base, first, rows } = this.segmentOf(doc);
    return `${base}row${Math.floor((doc - first) / rows)}`;
  }

  shard(doc) {
    const { first, rows } = this.segmentOf(doc);
    const begin = doc - ((doc - first) % rows);
    return load(this.keyOf(doc), (bytes) => new RowShard(bytes, this.head, begin));
  }

  /** The searched text of every document of a segment, in their order; built once, which loads all of its rows. */
  texts(segment) {
    segment.texts ??= this.read(segment).catch((error) => {
      segment.texts = undefined;
      throw error;
    });
    return segment.texts;
  }

  async read({ first, size, rows }) {
    const firsts = Array.from({ length: Math.ceil(size / rows) }, (_, i) => first + i * rows);
    const texts = await Promise.all(firsts.map(async (doc) => (await this.shard(doc)).texts()));
    return texts.flat();
  }

  /** The JSON text of a row's version as services received it, or null where it is no longer stored; and its hash. */
  async payload({ doc, place }) {
    const { base, payloads } = this.segmentOf(doc);
    const lines = await load(`${base}payload${Math.floor(place / payloads)}`, (bytes) => new Reader(bytes).text(bytes.length).split("\n"));
    const at = 2 * (place % payloads);
    return { hash: lines[at], text: lines[at + 1] || null };
  }
}

/** The documents of the base that are no more, from the data file that lists them. */
export async function deadOf(base, head) {
  if (!head.dead) return new Set();
  return load(`${base}/dead0`, (bytes) => {
    const reader = new Reader(bytes);
    const dead = new Set();
    for (let left = reader.number(), doc = 0; left > 0; left -= 1) dead.add((doc += reader.varint()));
    return dead;
  });
}

export class RowShard {
  constructor(bytes, head, first) {
    const reader = new Reader(bytes);
    const [size, text] = [reader.number(), reader.number()];
    const newest = head.services.map(() => reader.moment());
    Object.assign(this, { head, first, size, lines: reader.text(text).split("\n") });
    this.facet = reader.planes(size, 2);
    this.place = reader.planes(size, 4);
    this.services = newest.map((time) => serviceColumns(reader, size, time));
  }

  texts() {
    return Array.from({ length: this.size }, (_, i) => searched(this.line(i, 0), this.line(i, 1)));
  }

  /** One of a document's lines: its name, its SKU, or what a service says in words. */
  line(i, number) {
    return plain(this.lines[i * (2 + this.services.length) + number]);
  }

  /** What `service` says of a document. */
  row(doc, service) {
    const i = doc - this.first;
    const { code, received, answered: at } = this.services[service];
    if (!code[i]) return undefined;
    const [type, visibility, stock, reason] = this.head.facets[this.facet[i]];
    const [name, sku, words] = [0, 1, 2 + service].map((number) => this.line(i, number));
    return {
      ...{ doc, version: doc, place: this.place[i], sku, name, type, visibility, stock, reason, words: words || null },
      ...{ updated: received[i], answeredAt: at[i], at: received[i] ?? at[i], ...meaningOf(code[i], this.head.states) },
    };
  }
}

function serviceColumns(reader, size, newest) {
  const code = reader.planes(size, 2);
  const times = () => Array.from(reader.planes(size, 6), (before) => (before ? newest - before + 1 : null));
  return { code, received: times(), answered: times() };
}

/** A text as it was before its line breaks were escaped. */
function plain(line) {
  if (!line.includes("\\")) return line;
  return line === "\\-" ? null : line.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
}

// Documents out of their row shards: what a table shows of one in one service.

import { load } from "./load.js";
import { Reader } from "./unpack.js";

const REPEATED = 512;
const TIMED = 1024;
const HELD = 16;

/** What a code says: the state, the flags, whether it is held, whether there is a time, whether it repeats a product's SKU. */
export function told(code, states) {
  const flags = (code >> 4) & 31;
  const is = { held: Boolean(flags & HELD), isRepeated: Boolean(code & REPEATED), isTimed: Boolean(code & TIMED) };
  return { state: states[(code & 15) - 1], flags, ...is };
}

/** The documents of a scope; `base` is the beginning of its keys, `head` what is known of it. */
export class Rows {
  constructor(base, head) {
    Object.assign(this, { base, head });
  }

  /** The rows of some documents in one service, a promise; undefined where it says nothing of one. */
  async of(docs, service) {
    const numbers = [...new Set(docs.map((doc) => this.shardOf(doc)))];
    const shards = new Map(await Promise.all(numbers.map(async (number) => [number, await this.shard(number)])));
    return docs.map((doc) => shards.get(this.shardOf(doc)).row(doc % this.head.rows, service));
  }

  shardOf(doc) {
    return Math.floor(doc / this.head.rows);
  }

  shard(number) {
    return load(`${this.base}/row${number}`, (bytes) => new RowShard(bytes, this.head, number * this.head.rows));
  }
}

export class RowShard {
  constructor(bytes, head, first) {
    const reader = new Reader(bytes);
    const [size, text] = [reader.number(), reader.number()];
    const newest = head.services.map(() => reader.moment());
    Object.assign(this, { head, first, size, lines: reader.text(text).split("\n") });
    this.facet = reader.planes(size, 2);
    this.version = reader.planes(size, 4);
    this.told = newest.map((time) => toldOf(reader, size, time));
  }

  row(i, service) {
    const { code, received, told: at } = this.told[service];
    if (!code[i]) return undefined;
    const [type, visibility, stock] = this.head.facets[this.facet[i]];
    const [name, sku, words] = [0, 1, 2 + service].map((line) => plain(this.lines[i * (2 + this.told.length) + line]));
    return {
      ...{ doc: this.first + i, version: this.version[i], sku, name, type, visibility, stock, words: words || null },
      ...{ updated: received[i], told: at[i], at: received[i] ?? at[i], ...told(code[i], this.head.states) },
    };
  }
}

function toldOf(reader, size, newest) {
  const code = reader.planes(size, 2);
  const times = () => Array.from(reader.planes(size, 6), (before) => (before ? newest - before + 1 : null));
  return { code, received: times(), told: times() };
}

/** A text as it was before its line breaks were escaped. */
function plain(line) {
  if (!line.includes("\\")) return line;
  return line === "\\-" ? null : line.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
}

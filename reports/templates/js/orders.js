// Lists without a search: any page of any list, in the order of time, name or SKU, of which only a few shards are loaded.
// Every entry of an order list has a kind; its histogram says how many entries of each kind each shard has (orders.py).

import { load } from "./load.js";
import { Reader, unzigzag } from "./unpack.js";

export class Orders {
  /** `base` is the beginning of the keys of this version: its histograms count the base's lists and what is recent. */
  constructor(base, { head, segments: [first, recent], dead }) {
    Object.assign(this, { base, head, first, recent, dead });
  }

  /** The documents from `from` on, `count` of them, whose kind `isWanted` ({kind: boolean}) says; `isTimed` tells which kinds have a time. */
  async page(service, sort, isWanted, isTimed, from, count) {
    const list = await this.list(service, sort.replace(/^-/, ""));
    if (!sort.startsWith("-")) return this.slice(list, isWanted, from, count);
    // Backwards; but in order of time, entries without one stay last.
    const turns = sort === "-updated" ? isWanted.map((wanted, kind) => wanted && isTimed[kind]) : isWanted;
    const turned = total(list, turns);
    const [begin, end] = [Math.max(0, turned - from - count), Math.max(0, turned - from)];
    const docs = (await this.slice(list, turns, begin, end - begin)).reverse();
    const rest = isWanted.map((wanted, kind) => wanted && !turns[kind]);
    return [...docs, ...(await this.slice(list, rest, Math.max(0, from - turned), count - docs.length))];
  }

  /** A stretch of a list: its shards are chosen by the histogram, and entries of other kinds are skipped. */
  async slice(list, isWanted, from, count) {
    const wanted = [];
    let before = 0;
    for (let shard = 0; shard < list.shards && before < from + count; shard += 1) {
      const here = countIn(list, shard, isWanted);
      if (here && before + here > from) wanted.push({ shard, skip: Math.max(0, from - before), here });
      before += here;
    }
    const parts = await Promise.all(wanted.map(({ shard }) => this.shard(list, shard)));
    const docs = parts.flatMap((part, i) => chosen(part, isWanted).slice(wanted[i].skip));
    return docs.slice(0, count);
  }

  list(service, sort) {
    const number = service * this.head.sorts.length + this.head.sorts.indexOf(sort);
    return load(`${this.base}/histogram${number}`, (bytes) => histogram(bytes, number));
  }

  /** One shard of a list as it is now: without dead documents, and with recent ones in their places. */
  async shard(list, shard) {
    const key = `${this.first.base}order${list.number * this.head.lists + shard}`;
    const [stored, added] = await Promise.all([load(key, entries), this.added(list)]);
    const first = shard * this.head.entries;
    const end = shard === list.shards - 1 ? Infinity : first + stored.docs.length;
    return merged(stored, added, first, end, this.dead);
  }

  added({ number }) {
    return this.recent ? load(`${this.base}/overlay${number}`, overlay) : NONE;
  }
}

const NONE = { docs: [], kinds: [], ranks: [] };

/** Entries of a stored shard, which begins at `first`, and before each those added of its rank, up to the rank `end`. */
function merged(stored, added, first, end, dead) {
  const entries = { docs: [], kinds: [] };
  const put = (from, i) => entries.docs.push(from.docs[i]) && entries.kinds.push(from.kinds[i]);
  let next = added.ranks.findIndex((rank) => rank >= first);
  const putUpTo = (rank) => {
    for (; next >= 0 && added.ranks[next] <= rank && added.ranks[next] < end; next += 1) put(added, next);
  };
  stored.docs.forEach((doc, i) => {
    putUpTo(first + i);
    if (!dead.has(doc)) put(stored, i);
  });
  putUpTo(Number.MAX_SAFE_INTEGER);
  return entries;
}

function overlay(bytes) {
  const reader = new Reader(bytes);
  const size = reader.number();
  let rank = 0;
  const ranks = Array.from({ length: size }, () => (rank += reader.varint()));
  return { ranks, docs: reader.planes(size, 4), kinds: reader.planes(size, 2) };
}

function histogram(bytes, number) {
  const reader = new Reader(bytes);
  const [shards, kinds] = [reader.number(), reader.number()];
  return { number, shards, counts: reader.planes(shards * kinds, 3) };
}

function entries(bytes) {
  const reader = new Reader(bytes);
  const size = reader.number();
  let doc = 0;
  const docs = Array.from({ length: size }, () => (doc += unzigzag(reader.varint())));
  return { docs, kinds: reader.planes(size, 2) };
}

function countIn({ counts, shards }, shard, isWanted) {
  return isWanted.reduce((sum, wanted, kind) => (wanted ? sum + counts[kind * shards + shard] : sum), 0);
}

function total(list, isWanted) {
  let sum = 0;
  for (let shard = 0; shard < list.shards; shard += 1) sum += countIn(list, shard, isWanted);
  return sum;
}

function chosen({ docs, kinds }, isWanted) {
  return docs.filter((_, i) => isWanted[kinds[i]]);
}

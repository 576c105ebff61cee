// Lists without a search: any page of any list, in the order of time, name or SKU, of which only a few shards are loaded.
// Every entry of an order list has a kind; its histogram says how many entries of each kind each shard has (orders.py).

import { load } from "./load.js";
import { Reader, unzigzag } from "./unpack.js";

export class Orders {
  constructor(base, head) {
    Object.assign(this, { base, head });
  }

  /** The documents from `from` on, `count` of them, whose kind `isWanted` ({kind: boolean}) says; `isTimed` tells which kinds have a time. */
  async page(service, sort, isWanted, isTimed, from, count) {
    const list = await this.list(service, sort.replace(/^-/, ""));
    if (!sort.startsWith("-")) return this.slice(list, isWanted, from, count);
    // Backwards; but by time, what has none stays last.
    const turns = sort === "-updated" ? isWanted.map((wanted, kind) => wanted && isTimed[kind]) : isWanted;
    const turned = total(list, turns);
    const [begin, end] = [Math.max(0, turned - from - count), Math.max(0, turned - from)];
    const docs = (await this.slice(list, turns, begin, end - begin)).reverse();
    const rest = isWanted.map((wanted, kind) => wanted && !turns[kind]);
    return [...docs, ...(await this.slice(list, rest, Math.max(0, from - turned), count - docs.length))];
  }

  /** A stretch of a list: its shards are chosen by the histogram, and what they have of other kinds is passed over. */
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

  shard({ number }, shard) {
    return load(`${this.base}/order${number * this.head.lists + shard}`, entries);
  }
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
  const docs = Uint32Array.from({ length: size }, () => (doc += unzigzag(reader.varint())));
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
  return [...docs.filter((_, i) => isWanted[kinds[i]])];
}

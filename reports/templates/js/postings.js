// Where three bytes stand in names and SKUs (index.py): the router to all grams, and cursors that step through postings.

import { load } from "./load.js";
import { Reader } from "./unpack.js";

export const END = Infinity;

export class Postings {
  constructor(base) {
    this.base = base;
  }

  router() {
    return load(`${this.base}router0`, (bytes) => new Router(bytes));
  }

  shard(number) {
    return load(`${this.base}gram${number}`, (bytes) => new Shard(bytes));
  }
}

class Router {
  constructor(bytes) {
    const reader = new Reader(bytes);
    const [grams, shards, bases] = [reader.number(), reader.number(), reader.number()];
    this.grams = reader.planes(grams, 3);
    for (let i = 1; i < grams; i += 1) this.grams[i] += this.grams[i - 1];
    this.rarity = reader.planes(grams, 1);
    this.parts = reader.varints(grams);
    this.cuts = reader.planes(shards, 4);
    this.bases = reader.varints(bases);
    this.first = new Uint32Array(grams + 1);
    for (let i = 0; i < grams; i += 1) this.first[i + 1] = this.first[i] + this.parts[i];
  }

  /** The place of a gram, or -1 if no text has it. */
  find(gram) {
    const at = lastUpTo(this.grams, gram);
    return this.grams[at] === gram ? at : -1;
  }

  /** The last document before the part `part` (of all) of the gram at `place`. */
  base(place, part) {
    // The first part of a gram has no base, so every gram before has one fewer than parts.
    return part === this.first[place] ? -1 : this.bases[part - place - 1];
  }
}

class Shard {
  constructor(bytes) {
    const reader = new Reader(bytes);
    const parts = reader.number();
    this.sizes = reader.planes(parts, 4);
    this.counts = reader.planes(parts, 4);
    this.steps = reader.take(sum(this.sizes, parts));
    this.all = sum(this.counts, parts);
    this.places = reader.take(2 * this.all);
    this.following = reader.take(4 * this.all);
  }

  /** Documents and places of one part, `base` the last document before it, where `following` (bytes) follow. */
  part(number, base, following) {
    const { all, places, steps } = this;
    const [first, count] = [sum(this.counts, number), this.counts[number]];
    const reader = new Reader(steps, sum(this.sizes, number));
    const read = { docs: new Uint32Array(count), places: new Uint16Array(count) };
    let size = 0;
    for (let i = first, doc = base; i < first + count; i += 1) {
      doc += steps[reader.at] < 128 ? steps[reader.at++] : reader.varint();
      if (!this.isFollowed(i, following)) continue;
      read.docs[size] = doc;
      read.places[size++] = places[i] + places[all + i] * 256;
    }
    return { docs: read.docs.subarray(0, size), places: read.places.subarray(0, size) };
  }

  isFollowed(at, following) {
    for (let i = 0; i < following.length; i += 1) if (this.following[i * this.all + at] !== following[i]) return false;
    return true;
  }
}

/** The sum of the first `count` numbers. */
function sum(numbers, count) {
  let total = 0;
  for (let i = 0; i < count; i += 1) total += numbers[i];
  return total;
}

/**
 * Steps through the postings of one gram of a word, whose bytes stand `offset` behind the word's beginning, as far as the
 * word's bytes `following` follow it.
 */
export class Cursor {
  constructor(postings, router, place, offset, following) {
    const [rarity, parts] = [router.rarity[place], router.parts[place]];
    const most = 2 ** (rarity / 8); // occurrences, about
    Object.assign(this, { postings, router, place, offset, following, rarity, parts, most });
    this.rewind();
  }

  rewind() {
    this.part = this.router.first[this.place];
    this.end = this.router.first[this.place + 1];
    this.read = null;
    this.at = 0;
  }

  /** The first document from `doc` on, END if there is none; undefined if a part has to be loaded first. */
  seek(doc) {
    while (this.part < this.end) {
      const isBehind = this.part + 1 < this.end && this.router.base(this.place, this.part + 1) < doc;
      if (!isBehind && !this.read) return undefined;
      if (!isBehind) {
        this.at = leap(this.read.docs, this.at, doc);
        if (this.at < this.read.docs.length) return this.read.docs[this.at];
      }
      this.part += 1;
      this.read = null;
      this.at = 0;
    }
    return END;
  }

  /** The documents of the part that is read, from the current one on. */
  left() {
    return this.read ? this.read.docs.subarray(this.at) : [];
  }

  /** Ask for the next parts, `most` of them, that begin before `end`; with `docs`, only for parts that may hold one of them. */
  ahead(most, end, docs) {
    for (let part = this.part, at = 0, requested = 0; part < this.end && requested < most; part += 1) {
      const before = this.router.base(this.place, part);
      const last = part + 1 < this.end ? this.router.base(this.place, part + 1) : END;
      if (before >= end) return;
      if (docs) at = leap(docs, at, before + 1);
      if (docs && at === docs.length) return;
      if (docs && docs[at] > last) continue;
      this.postings.shard(lastUpTo(this.router.cuts, part)).catch(() => {}); // whoever awaits it gets the error
      requested += 1;
    }
  }

  /** Where the word would begin in the current document, by each occurrence of the gram. */
  begins() {
    const { docs, places } = this.read;
    const occurrences = [];
    for (let i = this.at; docs[i] === docs[this.at]; i += 1) occurrences.push(places[i] - this.offset);
    return occurrences;
  }

  async load() {
    if (this.read || this.part >= this.end) return;
    const { cuts } = this.router;
    const shard = lastUpTo(cuts, this.part);
    const part = this.part;
    const loaded = await this.postings.shard(shard);
    if (this.read || part !== this.part) return;
    // A part counts its documents from the last one before it.
    this.read = loaded.part(part - cuts[shard], Math.max(0, this.router.base(this.place, part)), this.following);
  }
}

/** The first place from `at` on whose number is `least` or more: steps that double, then halves. */
function leap(numbers, at, least) {
  let step = 1;
  while (at + step < numbers.length && numbers[at + step] < least) step *= 2;
  let [low, high] = [at, Math.min(numbers.length, at + step + 1)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last place whose number is at most `most`, or -1. */
function lastUpTo(numbers, most) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= most) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// From words to the documents that have them: the grams of each word, and the documents in which they stand side by side.

import { isBeginning } from "./fold.js";
import { Cursor, END } from "./postings.js";

const FEW = 25; // so many candidates have their rows loaded anyway
const MOST = 100; // candidates whose rows may be loaded to be sure, where the postings that are left cost more
const KNOWN = 400; // candidates that are few enough to load only those parts in which they stand
const ROWS_A_PART = 2; // a part of postings costs as much as so many shards of rows: more bytes, but one file
const FOLLOWING = 4; // bytes behind a gram that its postings have
const SPAN = 3 + FOLLOWING;
const encoder = new TextEncoder();

/** A word's bytes; a word that has to begin has a blank before it, and one of one byte a sign before that. */
function bytesOf(word) {
  const bytes = [...encoder.encode(isBeginning(word) ? ` ${word}` : word)];
  return bytes.length === 2 ? [1, ...bytes] : bytes;
}

/** The grams of a word as numbers, by the place of their first byte. */
export function gramsOf(word) {
  const bytes = bytesOf(word);
  return bytes.slice(2).map((byte, i) => (bytes[i] << 16) | (bytes[i + 1] << 8) | byte);
}

/** Places of the grams that make up a word, each with the bytes that follow it, those with the least postings; `costs` by place. */
export function cover(costs) {
  const best = [];
  for (let at = 0; at < costs.length; at += 1) {
    const reach = best.slice(Math.max(0, at - SPAN)).map(({ cost }, i) => ({ cost, before: Math.max(0, at - SPAN) + i }));
    const { cost, before } = at === 0 ? { cost: 0, before: -1 } : reach.reduce((a, b) => (b.cost < a.cost ? b : a));
    best.push({ cost: cost + costs[at], before });
  }
  const ends = Math.max(0, costs.length - 1 - FOLLOWING); // from here on, what follows a gram reaches the word's end
  const last = best.reduce((least, { cost }, at) => (at >= ends && !(best[least]?.cost <= cost) ? at : least), -1);
  const places = [];
  for (let at = last; at >= 0; at = best[at].before) places.unshift(at);
  return places;
}

/** A search in the making: it gives documents in ascending order, block by block. */
export class Search {
  constructor(postings, words) {
    Object.assign(this, { postings, words });
  }

  /** Look the grams up; if one is missing, no text has all words. */
  async prepare() {
    const router = await this.postings.router();
    const grams = this.words.map((word) => gramsOf(word).map((gram) => router.find(gram)));
    this.isHopeless = grams.some((places) => places.includes(-1));
    if (this.isHopeless) return;
    this.cursors = grams.map((places, word) => {
      const bytes = bytesOf(this.words[word]);
      const chosen = cover(places.map((place) => 2 ** (router.rarity[place] / 8)));
      return chosen.map((at) => new Cursor(this.postings, router, places[at], at, bytes.slice(at + 3, at + SPAN)));
    });
  }

  /**
   * Blocks of {docs, isSure}: whether the documents have the words, or may have them (their rows have to be read). Few
   * candidates come at once, of a few rare grams; many come sure, because all words were compared byte by byte.
   */
  async *blocks(size) {
    await this.prepare();
    if (this.isHopeless) return;
    const rarest = inTurn(this.cursors);
    if (rarest[0].most > MOST) for (const cursor of rarest) cursor.ahead(1, END); // its postings will not do alone
    let known; // all documents that may have the words, once they are few
    for (let count = 1; count < rarest.length; count *= 2) {
      const docs = await this.gather(rarest.slice(0, count), 0, KNOWN + 1, known);
      const few = count < this.words.length ? 0 : FEW;
      if (isCheaper(docs.length, rarest.slice(count), few)) return void (yield { docs, isSure: false });
      if (docs.length <= KNOWN) known = docs;
    }
    for (const cursor of rarest) cursor.rewind();
    for (let from = 0, most = 2 * FEW, docs; ; from = docs.at(-1) + 1, most = size) {
      docs = await this.gather(rarest, from, most, known); // a page of them first
      if (docs.length) yield { docs, isSure: from > 0 || docs.length > FEW }; // of a few the rows are needed anyway
      if (docs.length < most) return;
    }
  }

  /**
   * The first `limit` documents from `from` on in which the grams of `cursors` stand as their words have them; `known`
   * are documents among which they are known to be.
   */
  async gather(cursors, from, limit, known) {
    const words = this.cursors.map((word) => word.filter((cursor) => cursors.includes(cursor)));
    if (from === 0) for (const cursor of cursors) cursor.rewind();
    if (known) for (const cursor of cursors) cursor.ahead(Infinity, END, known);
    const docs = [];
    for (let doc = from, most = 1; docs.length < limit; ) {
      const hit = next(cursors, doc);
      if (hit === END) break;
      if (hit === undefined) {
        if (most > 1 && !known) ahead(cursors, most, docs.length ? from + ((doc - from) * limit) / docs.length : END);
        await Promise.all(cursors.map((cursor) => cursor.load()));
        most *= 4;
        continue;
      }
      if (words.every(stand)) docs.push(hit);
      doc = hit + 1;
    }
    return docs;
  }
}

/** All cursors in the order in which they are looked at: the rarest of each word, then the others, rare ones first. */
function inTurn(words) {
  const byRarity = (cursors) => [...cursors].sort((a, b) => a.rarity - b.rarity);
  const firsts = words.map((word) => byRarity(word)[0]);
  return [...byRarity(firsts), ...byRarity(words.flat().filter((cursor) => !firsts.includes(cursor)))];
}

/** Whether it costs less to read the rows of so many candidates than what is left of postings; `few` are read anyway. */
function isCheaper(candidates, left, few) {
  const parts = left.reduce((sum, cursor) => sum + Math.min(cursor.parts, candidates), 0);
  return candidates <= few || (candidates <= MOST && candidates <= ROWS_A_PART * parts);
}

/**
 * Load together what is needed next, up to the document `end`: `most` parts of the rarest gram, and as far of the
 * others; where it has one part alone, for the parts in which its documents may stand.
 */
function ahead([rarest, ...others], most, end) {
  const docs = rarest.parts === 1 ? rarest.left() : undefined;
  rarest.ahead(most, end);
  for (const cursor of others) cursor.ahead(docs ? most : Math.ceil((most * cursor.parts) / rarest.parts), end, docs);
}

/** The first document from `from` on that all cursors have. */
function next(cursors, from) {
  let [doc, agreed] = [from, 0];
  for (let i = 0; agreed < cursors.length; i = (i + 1) % cursors.length) {
    const hit = cursors[i].seek(doc);
    if (hit === undefined || hit === END) return hit;
    agreed = hit === doc ? agreed + 1 : 1;
    doc = hit;
  }
  return doc;
}

/** Whether the grams of one word stand side by side somewhere in the document that its cursors stand at. */
function stand(word) {
  if (word.length < 2) return true;
  const [first, ...others] = word.map((cursor) => cursor.begins());
  return first.some((begin) => others.every((begins) => begins.includes(begin)));
}

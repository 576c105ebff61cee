// A scope of any size, of which only what is looked at is loaded: pages of order lists, and what a search finds by the index.

import { FILTERS, collatorOf, countsOf, passes, sorted } from "./arrange.js";
import { Columns, facetOf } from "./columns.js";
import { matcher, searched, wordsOf } from "./fold.js";
import { COUNTED, Hits, inTurn } from "./hits.js";
import { ASKED, isIn } from "./lists.js";
import { load } from "./load.js";
import { Orders } from "./orders.js";
import { Postings } from "./postings.js";
import { told } from "./rows.js";
import { Search } from "./search.js";
import { docsOf } from "./skutable.js";
import { NO_FILTER } from "./state.js";
import { answered } from "./whole.js";

const BLOCK = 256;
const UPDATED = /^-?updated$/;

export class Indexed {
  constructor(scope, head, rows, base) {
    Object.assign(this, { scope, head, rows, collator: collatorOf(scope), hits: new Map() });
    this.columns = new Columns(head);
    this.orders = new Orders(base, rows);
    this.parts = rows.segments.map((segment) => ({ segment, postings: new Postings(segment.base) }));
    this.kinds = head.kinds.map((kinds) => kindsOf(kinds, head));
  }

  pageSize = 25;

  get sorts() {
    return this.head.sorts;
  }

  /** Load what every search in a service begins with. */
  prepare(name) {
    const service = this.head.services.indexOf(name);
    for (const { segment, postings } of this.parts) {
      const asked = [segment.scanned ? this.rows.texts(segment) : postings.router(), this.columns.codes(service, [segment.first], segment)];
      if (segment.isRecent) asked.push(this.columns.places([segment.first], segment));
      Promise.all(asked).catch(() => {}); // the search itself will say so
    }
  }

  /** One page of a service's list: its rows, how many match (`isMore` than that), how many are listed, the filters' counts. */
  async find(asked, from, count) {
    const service = this.head.services.indexOf(asked.service);
    if (service < 0) return NOTHING;
    if (asked.list === ASKED) return this.lookedUp(service, asked, from, count);
    const kinds = this.kinds[service].filter((kind) => isIn(asked.list, kind));
    const total = sum(kinds);
    if (wordsOf(asked.q).length) return { total, ...(await this.found(service, kinds, asked, from, count)) };
    const isWanted = this.kinds[service].map((kind) => isIn(asked.list, kind) && passes(kind, asked));
    const docs = await this.orders.page(service, this.sortOf(asked), isWanted, this.timed(service), from, count);
    const matched = sum(this.kinds[service].filter((_, kind) => isWanted[kind]));
    return { total, matched, rows: await this.rows.of(docs, service), counts: countsOf(kinds, asked, (kind) => kind.n) };
  }

  /** The rows of a page of a search as soon as they are known, if to count all takes longer; else nothing. */
  async early(asked, from, count) {
    const service = this.head.services.indexOf(asked.service);
    const isSearch = service >= 0 && asked.list !== ASKED && wordsOf(asked.q).length;
    if (!isSearch || this.sortOf(asked) !== "updated") return undefined;
    const hits = await this.hitsOf(service, asked).reach(from + count);
    return hits.isDone ? undefined : this.shown(service, hits.docs, asked, from, count);
  }

  /** What the search finds beside what is held, as far as it was gone through for that. */
  async absent(asked, count) {
    const service = this.head.services.indexOf(asked.service);
    if (service < 0) return NOTHING;
    const { absent, isMore } = await this.matches(service, asked);
    return { rows: await this.rows.of(absent.slice(0, count), service), matched: absent.length, isMore };
  }

  /** Every row that matches, in its order, however many there are. */
  async *each(asked) {
    const service = this.head.services.indexOf(asked.service);
    if (service < 0) return;
    if (asked.list === ASKED) yield* this.arranged(await this.known(service, asked.skus), asked);
    else if (!wordsOf(asked.q).length) yield* this.eachListed(service, asked);
    else yield* this.eachFound(service, asked);
  }

  /** The row of one SKU, what is a product first, or undefined. */
  async one(name, sku) {
    const service = this.head.services.indexOf(name);
    return service < 0 ? undefined : (await this.known(service, [sku]))[0];
  }

  // Lists without a search

  async *eachListed(service, asked) {
    const isWanted = this.kinds[service].map((kind) => isIn(asked.list, kind) && passes(kind, asked));
    for (let from = 0; ; from += BLOCK) {
      const docs = await this.orders.page(service, this.sortOf(asked), isWanted, this.timed(service), from, BLOCK);
      yield* await this.rows.of(docs, service);
      if (docs.length < BLOCK) return;
    }
  }

  sortOf({ sort }) {
    return this.sorts.includes(sort.replace(/^-/, "")) ? sort : "updated";
  }

  timed(service) {
    return this.kinds[service].map((kind) => kind.isTimed);
  }

  // Searches

  async found(service, kinds, asked, from, count) {
    const { docs, isMore } = await this.matches(service, asked);
    const matched = Math.min(COUNTED, docs.length);
    const rows = await this.shown(service, docs.slice(0, matched), asked, from, count);
    // How many of each value a search leaves takes further files to know: the values are offered without at first.
    const values = Object.entries(countsOf(kinds, asked, (kind) => kind.n));
    const counts = Object.fromEntries(values.map(([column, found]) => [column, found.map(([key]) => [key, null])]));
    return { rows, matched, isMore, counts };
  }

  /** How many of the matches each value of a filter would leave, as `find` has it; `isMore`: of those that are counted. */
  async counts(asked) {
    const service = this.head.services.indexOf(asked.service);
    const isFiltered = !passes({}, asked);
    const all = isFiltered ? this.newHits(service, { ...asked, ...NO_FILTER }).reach() : this.matches(service, asked);
    const { docs, isMore } = await all;
    const known = docs.slice(0, COUNTED);
    const facets = await Promise.all(
      this.rows.segments.map((segment) => this.columns.facets(known.filter((doc) => this.rows.segmentOf(doc) === segment), segment)),
    );
    return { counts: countsOf(facets.flat(), asked), isMore, of: known.length };
  }

  /** One page of what was found: by day and SKU, the rows of a page by time; or all of it by name or SKU. */
  async shown(service, docs, asked, from, count) {
    if (!UPDATED.test(this.sortOf(asked))) {
      return sorted(await this.rows.of(docs, service), asked.sort, this.collator).slice(from, from + count);
    }
    const inOrder = asked.sort.startsWith("-") ? [...docs].reverse() : docs;
    return sorted(await this.rows.of(inOrder.slice(from, from + count), service), asked.sort, this.collator);
  }

  /** The documents that match, up to one more than are counted, and those of them that are not held. */
  matches(service, asked) {
    return this.hitsOf(service, asked).reach();
  }

  /** What was found of a search so far; only the last search is kept, and none that failed. */
  hitsOf(service, asked) {
    const key = JSON.stringify([service, asked.list, asked.q, ...FILTERS.map((column) => asked[column])]);
    if (this.hits.get(key)?.hasFailed ?? true) this.hits = new Map([[key, this.newHits(service, asked)]]);
    return this.hits.get(key);
  }

  newHits(service, asked) {
    return new Hits(this.candidates(service, asked), asked);
  }

  /**
   * Every document that has the words and that the service says anything of, with its kind (a row, if it was read), by
   * the day of its last update and its SKU: as base documents are numbered, what is recent at its place among them.
   */
  async *candidates(service, asked) {
    const words = wordsOf(asked.q);
    const streams = this.parts.map((part) => this.candidatesIn(part, words, service, asked));
    yield* inTurn(streams, !this.parts.at(-1).segment.scanned);
  }

  /** The candidates of one segment, and the place of each. */
  async *candidatesIn({ segment, postings }, words, service, asked) {
    const test = matcher(words);
    const blocks = segment.scanned ? this.scanned(segment, test) : new Search(postings, words).blocks(COUNTED + 1);
    for await (const { docs: found, isSure } of blocks) {
      const docs = found.map((doc) => doc + segment.first).filter((doc) => !this.rows.dead.has(doc));
      const kinds = isSure ? this.columns.kinds(service, docs, segment, !passes({}, asked)) : this.rows.of(docs, service);
      const all = await this.placed(docs, kinds, segment);
      yield* all.filter(({ kind }) => kind && (isSure || test(searched(kind.name, kind.sku))));
    }
  }

  /** What is recent is read through if it is little: its rows were loaded when somebody was about to search. */
  async *scanned(segment, test) {
    const texts = await this.rows.texts(segment);
    const docs = [...texts.keys()].filter((doc) => test(texts[doc]));
    yield { docs, isSure: true };
  }

  async placed(docs, kindsOf, segment) {
    const [kinds, places] = await Promise.all([kindsOf, this.columns.places(docs, segment)]);
    return docs.map((doc, i) => ({ doc, kind: kinds[i], place: places[i] }));
  }

  async *eachFound(service, asked) {
    let docs = [];
    for await (const { doc, kind } of this.candidates(service, asked)) {
      if (!isIn(asked.list, kind) || !passes(kind, asked)) continue;
      if (docs.push(doc) < BLOCK) continue;
      yield* await this.rows.of(docs, service);
      docs = [];
    }
    yield* await this.rows.of(docs, service);
  }

  // SKUs

  async lookedUp(service, asked, from, count) {
    const listed = await this.known(service, asked.skus);
    const rows = this.arranged(listed, asked);
    const counts = countsOf(listed, asked);
    const shown = rows.slice(from, from + count);
    return { rows: shown, matched: rows.length, total: listed.length, counts, ...answered(listed, asked.skus) };
  }

  arranged(rows, asked) {
    const test = matcher(wordsOf(asked.q));
    const left = rows.filter((row) => test(searched(row.name, row.sku)) && passes(row, asked));
    return sorted(left, asked.sort, this.collator);
  }

  /** The rows of some SKUs; of a record in quarantine only where its SKU is no product of the service. */
  async known(service, skus) {
    const docs = await docsOf(this.rows, skus);
    const wanted = new Set(skus);
    const rows = (await this.rows.of(docs, service)).filter((row) => row && wanted.has(row.sku));
    return rows.filter((row) => isIn(ASKED, row));
  }
}

const NOTHING = { rows: [], matched: 0, total: 0, counts: countsOf([], {}) };

/** A service's kinds as rows are: what lists and filters ask for, and how many documents are of each. */
function kindsOf({ codes, facets, counts }, head) {
  return codes.map((code, i) => ({ ...told(code, head.states), ...facetOf(head, facets[i]), n: counts[i] }));
}

function sum(kinds) {
  return kinds.reduce((n, kind) => n + kind.n, 0);
}

// A scope of any size, of which only what a reader looks at is loaded: pages of order lists, and what a search finds by the index.

import { FILTERS, collatorOf, countsOf, passes, sorted } from "./arrange.js";
import { Columns, facetOf } from "./columns.js";
import { matcher, searched, wordsOf } from "./fold.js";
import { COUNTED, Hits, inTurn } from "./hits.js";
import { ASKED, isIn } from "./lists.js";
import { load } from "./load.js";
import { Orders } from "./orders.js";
import { Postings } from "./postings.js";
import { meaningOf } from "./rows.js";
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
      const loads = [segment.scanned ? this.rows.texts(segment) : postings.router(), this.columns.codes(service, [segment.first], segment)];
      if (segment.isRecent) loads.push(this.columns.places([segment.first], segment));
      Promise.all(loads).catch(() => {}); // the search itself shows the error
    }
  }

  /** One page of a service's list: its rows, how many match (`isMore` than that), how many are listed, the filters' counts. */
  async find(request, from, count) {
    const service = this.head.services.indexOf(request.service);
    if (service < 0) return NOTHING;
    if (request.list === ASKED) return this.lookedUp(service, request, from, count);
    const kinds = this.kinds[service].filter((kind) => isIn(request.list, kind));
    const total = sum(kinds);
    if (wordsOf(request.q).length) return { total, ...(await this.searchPage(service, kinds, request, from, count)) };
    const isWanted = this.kinds[service].map((kind) => isIn(request.list, kind) && passes(kind, request));
    const docs = await this.orders.page(service, this.sortOf(request), isWanted, this.timed(service), from, count);
    const matched = sum(this.kinds[service].filter((_, kind) => isWanted[kind]));
    return { total, matched, rows: await this.rows.of(docs, service), counts: countsOf(kinds, request, (kind) => kind.n) };
  }

  /** The rows of a page of a search as soon as they are known, if counting all takes longer; else undefined. */
  async early(request, from, count) {
    const service = this.head.services.indexOf(request.service);
    const isSearch = service >= 0 && request.list !== ASKED && wordsOf(request.q).length;
    if (!isSearch || this.sortOf(request) !== "updated") return undefined;
    const hits = await this.hitsOf(service, request).reach(from + count);
    return hits.isDone ? undefined : this.shown(service, hits.docs, request, from, count);
  }

  /** The matches that the service does not hold, as far as the search has counted. */
  async absent(request, count) {
    const service = this.head.services.indexOf(request.service);
    if (service < 0) return NOTHING;
    const { absent, isMore } = await this.matches(service, request);
    return { rows: await this.rows.of(absent.slice(0, count), service), matched: absent.length, isMore };
  }

  /** Every row that matches, in its order, however many there are. */
  async *each(request) {
    const service = this.head.services.indexOf(request.service);
    if (service < 0) return;
    if (request.list === ASKED) yield* this.arranged(await this.known(service, request.skus), request);
    else if (!wordsOf(request.q).length) yield* this.eachListed(service, request);
    else yield* this.eachHit(service, request);
  }

  /** The row of a SKU: of the product, else of a record in quarantine, else undefined. */
  async rowOf(name, sku) {
    const service = this.head.services.indexOf(name);
    return service < 0 ? undefined : (await this.known(service, [sku]))[0];
  }

  // Lists without a search

  async *eachListed(service, request) {
    const isWanted = this.kinds[service].map((kind) => isIn(request.list, kind) && passes(kind, request));
    for (let from = 0; ; from += BLOCK) {
      const docs = await this.orders.page(service, this.sortOf(request), isWanted, this.timed(service), from, BLOCK);
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

  async searchPage(service, kinds, request, from, count) {
    const { docs, isMore } = await this.matches(service, request);
    const matched = Math.min(COUNTED, docs.length);
    const rows = await this.shown(service, docs.slice(0, matched), request, from, count);
    // Counting the values of a search takes further files, so the values come without counts at first.
    const values = Object.entries(countsOf(kinds, request, (kind) => kind.n));
    const counts = Object.fromEntries(values.map(([column, valueCounts]) => [column, valueCounts.map(([key]) => [key, null])]));
    return { rows, matched, isMore, counts };
  }

  /** How many of the matches each value of a filter would leave, as `find` has it; `isMore`: of those that are counted. */
  async counts(request) {
    const service = this.head.services.indexOf(request.service);
    const isFiltered = !passes({}, request);
    const all = isFiltered ? this.newHits(service, { ...request, ...NO_FILTER }).reach() : this.matches(service, request);
    const { docs, isMore } = await all;
    const known = docs.slice(0, COUNTED);
    const facets = await Promise.all(
      this.rows.segments.map((segment) => this.columns.facets(known.filter((doc) => this.rows.segmentOf(doc) === segment), segment)),
    );
    return { counts: countsOf(facets.flat(), request), isMore, of: known.length };
  }

  /** One page of the matches: in order of day and SKU, a page then by time; or all of them by name or SKU. */
  async shown(service, docs, request, from, count) {
    if (!UPDATED.test(this.sortOf(request))) {
      return sorted(await this.rows.of(docs, service), request.sort, this.collator).slice(from, from + count);
    }
    const inOrder = request.sort.startsWith("-") ? [...docs].reverse() : docs;
    return sorted(await this.rows.of(inOrder.slice(from, from + count), service), request.sort, this.collator);
  }

  /** The documents that match, up to one more than are counted, and those of them that are not held. */
  matches(service, request) {
    return this.hitsOf(service, request).reach();
  }

  /** The matches of a search so far; only the last search is stored, and no failed one. */
  hitsOf(service, request) {
    const key = JSON.stringify([service, request.list, request.q, ...FILTERS.map((column) => request[column])]);
    if (this.hits.get(key)?.hasFailed ?? true) this.hits = new Map([[key, this.newHits(service, request)]]);
    return this.hits.get(key);
  }

  newHits(service, request) {
    return new Hits(this.candidates(service, request), request);
  }

  /**
   * Every document that has the words and that the service says anything of, with its kind (a row, if it was read), by
   * the day of its last update and its SKU: as base documents are numbered, what is recent at its place among them.
   */
  async *candidates(service, request) {
    const words = wordsOf(request.q);
    const streams = this.parts.map((part) => this.candidatesIn(part, words, service, request));
    yield* inTurn(streams, !this.parts.at(-1).segment.scanned);
  }

  /** The candidates of one segment, and the place of each. */
  async *candidatesIn({ segment, postings }, words, service, request) {
    const test = matcher(words);
    const blocks = segment.scanned ? this.scanned(segment, test) : new Search(postings, words).blocks(COUNTED + 1);
    for await (const { docs: segmentDocs, isSure } of blocks) {
      const docs = segmentDocs.map((doc) => doc + segment.first).filter((doc) => !this.rows.dead.has(doc));
      const kinds = isSure ? this.columns.kinds(service, docs, segment, !passes({}, request)) : this.rows.of(docs, service);
      const all = await this.placed(docs, kinds, segment);
      yield* all.filter(({ kind }) => kind && (isSure || test(searched(kind.name, kind.sku))));
    }
  }

  /** A small recent segment is read row by row: its rows were loaded when a reader was about to search. */
  async *scanned(segment, test) {
    const texts = await this.rows.texts(segment);
    const docs = [...texts.keys()].filter((doc) => test(texts[doc]));
    yield { docs, isSure: true };
  }

  async placed(docs, kindsOf, segment) {
    const [kinds, places] = await Promise.all([kindsOf, this.columns.places(docs, segment)]);
    return docs.map((doc, i) => ({ doc, kind: kinds[i], place: places[i] }));
  }

  async *eachHit(service, request) {
    let docs = [];
    for await (const { doc, kind } of this.candidates(service, request)) {
      if (!isIn(request.list, kind) || !passes(kind, request)) continue;
      if (docs.push(doc) < BLOCK) continue;
      yield* await this.rows.of(docs, service);
      docs = [];
    }
    yield* await this.rows.of(docs, service);
  }

  // SKUs

  async lookedUp(service, request, from, count) {
    const listed = await this.known(service, request.skus);
    const rows = this.arranged(listed, request);
    const counts = countsOf(listed, request);
    const shown = rows.slice(from, from + count);
    return { rows: shown, matched: rows.length, total: listed.length, counts, ...answered(listed, request.skus) };
  }

  arranged(rows, request) {
    const test = matcher(wordsOf(request.q));
    const left = rows.filter((row) => test(searched(row.name, row.sku)) && passes(row, request));
    return sorted(left, request.sort, this.collator);
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

/** A service's kinds in the form of rows, for lists and filters; `n` is how many documents are of each. */
function kindsOf({ codes, facets, counts }, head) {
  return codes.map((code, i) => ({ ...meaningOf(code, head.states), ...facetOf(head, facets[i]), n: counts[i] }));
}

function sum(kinds) {
  return kinds.reduce((n, kind) => n + kind.n, 0);
}

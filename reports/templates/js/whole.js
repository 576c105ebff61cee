// A scope that is small enough to be loaded whole: every row is at hand, so anything can be searched, sorted and counted.

import { collatorOf, countsOf, passes, sorted } from "./arrange.js";
import { matcher, searched, wordsOf } from "./fold.js";
import { ASKED, isIn } from "./lists.js";
import { SORTS } from "./state.js";

export class Whole {
  constructor(scope, head, rows) {
    Object.assign(this, { scope, head, rows, collator: collatorOf(scope), cache: new Map() });
  }

  pageSize = 50;
  sorts = SORTS;

  /** All rows are at hand: there is nothing to prepare for a search. */
  prepare() {}

  /** All rows are at hand: no part of the answer comes early. */
  early() {}

  /** One page of a service's list: its rows, how many match, how many are listed, and the filters' counts. */
  async find(request, from, count) {
    const { listed, matches, filtered } = await this.matching(request);
    const rows = filtered.slice(from, from + count);
    const result = { rows, matched: filtered.length, total: listed.length, counts: countsOf(matches, request) };
    return request.list === ASKED ? { ...result, ...answered(listed, request.skus) } : result;
  }

  /** The matches that the service does not hold. */
  absent(request, count) {
    return this.find({ ...request, list: "absent" }, 0, count);
  }

  /** Every row that matches, in its order. */
  async *each(request) {
    yield* (await this.matching(request)).filtered;
  }

  /** The row of a SKU: of the product, else of a record in quarantine, else undefined. */
  async rowOf(service, sku) {
    return (await this.ofService(service)).find((row) => row.sku === sku);
  }

  async matching(request) {
    const listed = await this.listed(request);
    const words = wordsOf(request.q);
    const test = matcher(words);
    const matches = words.length ? listed.filter((row) => test(this.text(row))) : listed;
    return { listed, matches, filtered: matches.filter((row) => passes(row, request)) };
  }

  async listed({ service, sort, list, skus }) {
    const rows = await this.ofService(service);
    const inOrder = this.keep(`${service} ${sort} ${list}`, () =>
      sorted(
        rows.filter((row) => isIn(list, row)),
        sort,
        this.collator,
      ),
    );
    if (list !== ASKED) return inOrder;
    const wanted = new Set(skus);
    return inOrder.filter((row) => wanted.has(row.sku));
  }

  text(row) {
    return this.keep(row.doc, () => searched(row.name, row.sku));
  }

  /** All documents that a service says anything of, records in quarantine last. */
  async ofService(service) {
    const number = this.head.services.indexOf(service);
    if (number < 0) return [];
    const rows = this.cache.get(service) ?? (await this.rows.of(this.rows.all(), number)).filter(Boolean);
    return this.keep(service, () => rows);
  }

  keep(key, make) {
    if (!this.cache.has(key)) this.cache.set(key, make());
    return this.cache.get(key);
  }
}

/** Of the SKUs in a request: how many are held, how many are not, and which are unknown. */
export function answered(listed, skus) {
  const known = new Set(listed.map((row) => row.sku));
  const held = listed.filter((row) => row.held).length;
  return { held, absent: known.size - held, unknown: skus.filter((sku) => !known.has(sku)) };
}

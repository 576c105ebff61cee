// What a search has found so far. It goes on only as far as somebody asks: to the rows of a page, or until all are counted.

import { passes } from "./arrange.js";
import { isIn } from "./lists.js";

export const COUNTED = 1000; // matches that a search counts; what is beyond is "more"
const ALL = COUNTED + 1;

export class Hits {
  /** `candidates` give {doc, kind} in order; `asked` says which of them match. */
  constructor(candidates, asked) {
    Object.assign(this, { candidates, asked, docs: [], absent: [] });
    Object.assign(this, { isDone: false, hasFailed: false, going: Promise.resolve() });
  }

  get isMore() {
    return this.docs.length > COUNTED;
  }

  /** Go on until `count` documents are found, or all that are counted. */
  reach(count = ALL) {
    this.going = this.going.then(() => this.goOn(Math.min(count, ALL)));
    this.going.catch(() => (this.hasFailed = true));
    return this.going;
  }

  async goOn(count) {
    while (!this.isDone && this.docs.length < count) {
      const { value, done } = await this.candidates.next();
      if (!done) this.take(value);
      this.isDone = done || this.isMore;
    }
    return this;
  }

  take({ doc, kind }) {
    if (isIn("absent", kind)) this.absent.push(doc);
    if (isIn(this.asked.list, kind) && passes(kind, this.asked)) this.docs.push(doc);
  }
}

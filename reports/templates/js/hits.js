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

/**
 * What several streams give, each in the order of `place`, as one in that order. What the last one gives before place 0
 * stands before all others: these are begun `together` with it, or once it is through with that, and not awaited before.
 */
export async function* inTurn(streams, together) {
  const [last, others] = [streams.at(-1), streams.slice(0, -1)];
  const begin = () => others.map((one) => one.next());
  const begun = together ? begin() : null;
  for (const one of begun ?? []) one.catch(() => {}); // who comes to it will hear of it
  let head = await last.next();
  for (; !head.done && head.value.place < 0; head = await last.next()) yield head.value;
  const heads = [...(await Promise.all(begun ?? begin())), head];
  for (;;) {
    const open = [...heads.keys()].filter((i) => !heads[i].done);
    if (!open.length) return;
    const first = open.reduce((a, b) => (heads[b].value.place < heads[a].value.place ? b : a));
    yield heads[first].value;
    heads[first] = await streams[first].next();
  }
}

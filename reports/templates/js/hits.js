// The matches of a search so far. It goes on only as far as needed: to the rows of a page, or until all are counted.

import { passes } from "./arrange.js";
import { isIn } from "./lists.js";

export const COUNTED = 1000; // matches that a search counts; what is beyond is "more"
const ALL = COUNTED + 1;

export class Hits {
  /** `candidates` give {doc, kind} in order; `request` says which of them match. */
  constructor(candidates, request) {
    Object.assign(this, { candidates, request, docs: [], absent: [] });
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
    if (isIn(this.request.list, kind) && passes(kind, this.request)) this.docs.push(doc);
  }
}

/**
 * Several streams, each in the order of `place`, merged into one in that order. What the last stream has before place 0
 * comes before all others: they begin `together` with it, or after that part, and nobody waits for them before.
 */
export async function* inTurn(streams, together) {
  const [last, others] = [streams.at(-1), streams.slice(0, -1)];
  const begin = () => others.map((stream) => stream.next());
  const begun = together ? begin() : null;
  for (const step of begun ?? []) step.catch(() => {}); // whoever awaits it gets the error
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

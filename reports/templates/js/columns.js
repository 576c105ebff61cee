// Columns over all documents of a segment: what services say of many documents, without reading their rows.

import { load } from "./load.js";
import { meaningOf } from "./rows.js";
import { Reader } from "./unpack.js";

export class Columns {
  constructor(head) {
    Object.assign(this, { head, meanings: new Map() });
  }

  /** What a service says of documents; with their facets only if `withFacets`. */
  async kinds(service, docs, segment, withFacets) {
    const [codes, facets] = await Promise.all([this.codes(service, docs, segment), withFacets ? this.facets(docs, segment) : []]);
    return codes.map((code, i) => code && (withFacets ? { ...this.kindOf(code), ...facets[i] } : this.kindOf(code)));
  }

  /** What a code says; of a thousand documents, most say the same. */
  kindOf(code) {
    if (!this.meanings.has(code)) this.meanings.set(code, meaningOf(code, this.head.states));
    return this.meanings.get(code);
  }

  codes(service, docs, segment) {
    return read("code", codes, docs, segment, this.head.codes, Math.floor((service * this.head.lists) / 100));
  }

  async facets(docs, segment) {
    const facets = await read("facet", (bytes) => numbers(bytes, 2), docs, segment, this.head.column);
    return facets.map((facet) => facetOf(this.head, facet));
  }

  /** Where documents stand in the order of a search: by the number of a base document, or between two of these. */
  async places(docs, segment) {
    if (!segment.isRecent) return docs;
    const before = await read("place", (bytes) => numbers(bytes, 4), docs, segment, this.head.column);
    return before.map((place) => place - 0.5);
  }
}

/** Type, visibility and stock, or the reason of quarantine. */
export function facetOf(head, facet) {
  const [type, visibility, stock, reason] = head.facets[facet] ?? [];
  return { type, visibility, stock, reason };
}

async function read(kind, parse, docs, { base, first }, size, shard = 0) {
  const numberOf = (doc) => Math.floor((doc - first) / size);
  const wanted = [...new Set(docs.map(numberOf))];
  const loaded = await Promise.all(wanted.map((number) => load(`${base}${kind}${shard + number}`, parse)));
  const columns = new Map(wanted.map((number, i) => [number, loaded[i]]));
  return docs.map((doc) => columns.get(numberOf(doc))[(doc - first) % size]);
}

function numbers(bytes, width) {
  return new Reader(bytes).planes(bytes.length / width, width);
}

/** A column whose values are mostly the same: the file has the usual value, then the places and values of the others. */
function codes(bytes) {
  const reader = new Reader(bytes);
  const column = new Uint16Array(reader.number()).fill(reader.number());
  let place = 0;
  const others = Array.from({ length: reader.number() }, () => (place += reader.varint()));
  reader.planes(others.length, 2).forEach((code, i) => (column[others[i]] = code));
  return column;
}

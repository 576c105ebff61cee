// From SKUs to documents: a SKU's hash names a bucket, and in it the documents whose SKU has that hash (skus.py).

import { load } from "./load.js";
import { Reader } from "./unpack.js";

const encoder = new TextEncoder();

/** FNV-1a, 32 bits, of a text's bytes. */
export function hashOf(text) {
  let hash = 2166136261;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}

/** The documents of `rows` whose SKU may be one of `skus`, in ascending order. */
export async function docsOf(rows, skus) {
  const hashes = new Set(skus.map(hashOf));
  const docs = await Promise.all(rows.segments.map((segment) => docsIn(segment, hashes)));
  return docs.flat().filter((doc) => !rows.dead.has(doc));
}

async function docsIn({ base, buckets, first }, hashes) {
  const numbers = [...new Set([...hashes].map((hash) => (hash & (buckets - 1)) >>> 0))];
  const loaded = await Promise.all(numbers.map((number) => load(`${base}sku${number}`, entries)));
  const docs = loaded.flatMap((bucket) => [...bucket.docs.filter((_, i) => hashes.has(bucket.hashes[i]))]);
  return docs.map((doc) => doc + first).sort((a, b) => a - b);
}

function entries(bytes) {
  const reader = new Reader(bytes);
  const size = reader.number();
  return { hashes: reader.planes(size, 4), docs: reader.planes(size, 4) };
}

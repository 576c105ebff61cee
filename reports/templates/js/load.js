// Data come as classic scripts of one fixed form, because a page opened from a disk may not fetch. Each is one call,
// datasync(key, letters, bytes): what stands in a catalog never meets the grammar of a script. A report that was written
// as a single file has the same inside, as JSON, one element each.

import { unpack } from "./unpack.js";

const KEY = /^([0-9A-Za-z-]+\/[A-Za-z0-9_-]+)\/([a-z]+)(\d+)$/;
const PATH = /^data\/[0-9A-Za-z-]+\/[A-Za-z0-9_-]+\/[a-z]+\d+\/\d+\.js$/;
const KEPT = 24e6; // bytes in memory; the least recently used are forgotten first
const waiting = new Map();
const loaded = new Map();
const policy = globalThis.trustedTypes?.createPolicy("datasync", { createScriptURL: checked });
let keeping = 0;

globalThis.datasync = (key, letters, size) => waiting.get(key)?.([letters, size]);

/** A promise of what `read` returns for the bytes of the data file `key`; a failed try is forgotten, so the next call tries again. */
export function load(key, read) {
  const known = loaded.get(key);
  if (known) loaded.delete(key);
  const entry = known ?? { size: 0, promise: null };
  loaded.set(key, entry);
  entry.promise ??= make(key, read, entry);
  return entry.promise;
}

async function make(key, read, entry) {
  try {
    const [letters, size] = await (inside(key) ?? request(key));
    const bytes = await unpack(letters, size);
    keep(key, entry, bytes.length);
    return read(bytes);
  } catch (error) {
    loaded.delete(key);
    throw error;
  }
}

function keep(key, entry, size) {
  if (loaded.get(key) !== entry) return;
  entry.size = size;
  keeping += size;
  for (const [old, { size: freed }] of loaded) {
    if (keeping <= KEPT || old === key) return;
    if (freed === 0) continue;
    loaded.delete(old);
    keeping -= freed;
  }
}

function inside(key) {
  const element = document.getElementById(`data-${key}`);
  return element && JSON.parse(element.textContent).slice(1);
}

function request(key) {
  return new Promise((resolve, reject) => {
    waiting.set(key, resolve);
    const script = document.createElement("script");
    const path = checked(pathOf(key));
    script.src = policy ? policy.createScriptURL(path) : path;
    script.onload = () => done(script, key, reject);
    script.onerror = () => done(script, key, reject);
    document.head.append(script);
  });
}

/** Where a data file stands: a thousand of a kind in each folder. */
export function pathOf(key) {
  const [, folder, kind, number] = KEY.exec(key) ?? [];
  return `data/${folder}/${kind}${Math.floor(number / 1000)}/${number % 1000}.js`;
}

function done(script, key, reject) {
  script.remove();
  waiting.delete(key);
  reject(new Error(`${key} did not load`));
}

function checked(path) {
  if (!PATH.test(path)) throw new TypeError(`Not a data file of this page: ${path}`);
  return path;
}

/** What a data file that is one JSON text holds; `key` is its folder, kind and number, as in en-US/story3. */
export function loadJson(version, key) {
  return load(`${version}/${key}`, json);
}

/** JSON from the bytes of its text. */
export function json(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}

// Data come as classic scripts that hand over texts, for a page opened from a disk may fetch nothing. Each is one call,
// datasync(key, text, ...), of JSON strings: what stands in a catalog never meets the grammar of a script. A report that
// was written as a single file has the same inside, as JSON, one element each.

const PATH = /^data\/[0-9A-Za-z-]+\/(?:scope|payload|counted|runs|story)-[A-Za-z0-9_-]+\.js$/;
const waiting = new Map();
const loaded = new Map();
const policy = globalThis.trustedTypes?.createPolicy("datasync", { createScriptURL: checked });

globalThis.datasync = (key, ...texts) => waiting.get(key)?.(texts);

/** The texts of the data file `key`, a promise; a failed try is forgotten, so that the next one tries again. */
export function load(version, key) {
  const known = loaded.get(key);
  if (known) return known;
  const inside = document.getElementById(`data-${key}`);
  const texts = inside ? Promise.resolve(JSON.parse(inside.textContent).slice(1)) : request(version, key);
  loaded.set(key, texts);
  texts.catch(() => loaded.delete(key));
  return texts;
}

function request(version, key) {
  return new Promise((resolve, reject) => {
    waiting.set(key, resolve);
    const script = document.createElement("script");
    const path = checked(`data/${version}/${key}.js`);
    script.src = policy ? policy.createScriptURL(path) : path;
    script.onload = () => done(script, key, reject);
    script.onerror = () => done(script, key, reject);
    document.head.append(script);
  });
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

/** What a data file of one JSON text holds. */
export async function told(version, key) {
  const [text] = await load(version, key);
  return JSON.parse(text);
}

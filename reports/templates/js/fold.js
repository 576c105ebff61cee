// Text as the search compares it: no case, no accents, wide and narrow forms alike; fold.py does the same. Only
// U+0300-036F count as accents: dropping every mark would turn Japanese が into か and take the vowels from Hindi and Thai.

const PLAIN = { ø: "o", æ: "ae", œ: "oe", ł: "l", đ: "d", ı: "i", ß: "ss", ς: "σ" };
const EAST_ASIAN = /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}]$/u;
const TWO_LATIN = /^[\p{sc=Latin}\p{ASCII}]{2}$/u;
const APART = "\\0-/:-@\\[-`{-\\x7f\\s"; // what can stand before a word
const encoder = new TextEncoder();

export function fold(text) {
  const bare = text
    .replace(/[\0-\x1f]/g, " ")
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
  return bare.replace(/[øæœłđıßς]/g, (letter) => PLAIN[letter]).normalize("NFC");
}

/** A text without the marks of direction at its ends: copying from a text in another script brings them along. */
export function unmarked(text) {
  return text.replace(/^[\u200e\u200f\u202a-\u202e\u2066-\u2069]+|[\u200e\u200f\u202a-\u202e\u2066-\u2069]+$/g, "");
}

/** The words of a query, folded; all of them have to be found. */
export function wordsOf(query) {
  const words = fold(query).split(/\s+/).map(unmarked);
  return words.map((word) => (isBeginning(word) ? word.replace(/^[!-/:-@[-`{-~]+/, "") : word)).filter(Boolean);
}

/** Whether a word is so short that it has to stand where a word begins: one letter, or two of Latin script. */
export function isBeginning(word) {
  if (encoder.encode(word).length < 3) return true;
  if ([...word].length > 2) return false; // saves the expressions below, which are slow to build
  if (/^[\p{L}\p{N}]$/u.test(word)) return !EAST_ASIAN.test(word);
  return TWO_LATIN.test(word);
}

/** Whether a folded text has all of some words. */
export function matcher(words) {
  const tests = words.map((word) => {
    if (!isBeginning(word)) return (text) => text.includes(word);
    const begins = new RegExp(`(?:^|[${APART}])${word.replace(/[^\p{L}\p{N}]/gu, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`)}`, "u");
    return (text) => begins.test(text);
  });
  return (text) => tests.every((test) => test(text));
}

/** What is searched of a product. */
export function searched(name, sku) {
  return `${fold(name ?? "")}\n${fold(sku)}`;
}

/** Where `words` stand in `text`, as [piece, is marked] pairs that make up the text. A letter with its accents is marked whole. */
export function marked(text, words) {
  const letters = text.match(/\P{M}\p{M}*|\p{M}+/gu) ?? [];
  const folds = letters.map(fold);
  const folded = folds.join("");
  if (!words.length || folded !== fold(text)) return [[text, false]]; // letters of this script fold together only
  const hit = new Array(folded.length).fill(false);
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1))
      hit.fill(true, at, at + word.length);
  }
  return runs(letters, hitsByLetter(folds, hit));
}

function hitsByLetter(folds, hit) {
  let end = 0;
  return folds.map(({ length }) => hit.slice(end, (end += length)).includes(true));
}

function runs(letters, hit) {
  const pieces = [];
  for (let from = 0, to; from < letters.length; from = to) {
    for (to = from; to < letters.length && hit[to] === hit[from];) to += 1;
    pieces.push([letters.slice(from, to).join(""), hit[from]]);
  }
  return pieces;
}

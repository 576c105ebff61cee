// Text as the search compares it: no case, no accents, wide and narrow forms alike. Only U+0300-036F count as accents:
// dropping every mark would turn Japanese が into か and take the vowels from Hindi and Thai.

const PLAIN = { ø: "o", æ: "ae", œ: "oe", ł: "l", đ: "d", ı: "i", ß: "ss", ς: "σ" };

export function fold(text) {
  const bare = text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase();
  return bare.replace(/[øæœłđıßς]/g, (letter) => PLAIN[letter]).normalize("NFC");
}

/** The words of a query, folded; all of them have to be found. */
export function wordsOf(query) {
  return fold(query).split(/\s+/).filter(Boolean);
}

/** Where `words` stand in `text`, as [piece, found] pairs that make up the text; one pair if it folds to another length. */
export function marked(text, words) {
  const folded = fold(text);
  if (!words.length || folded.length !== text.length) return [[text, false]];
  const hit = new Array(text.length).fill(false);
  for (const word of words) {
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1))
      hit.fill(true, at, at + word.length);
  }
  return runs(text, hit);
}

function runs(text, hit) {
  const pieces = [];
  for (let from = 0, to; from < text.length; from = to) {
    for (to = from; to < text.length && hit[to] === hit[from];) to += 1;
    pieces.push([text.slice(from, to), hit[from]]);
  }
  return pieces;
}

// Why a product is in its state in one service, as a sentence for the page and for a file.

import { h } from "./dom.js";
import { time } from "./times.js";
import { say, phrase } from "./words.js";

const WITH_WORDS = ["excluded", "rejected", "failed", "quarantined"];

/** The state as a word, and the reason: the words of the rule or of the service, and when. */
export function why(row) {
  const timeNote = row.answeredAt !== null && phrase(row.held || stays(row) ? "why.at" : "why.removed", { when: time(row.answeredAt) });
  return [
    h("span", { class: `state-word ${row.state}` }, say(row.state)),
    " ",
    h("span", { dir: "auto" }, reason(row)),
    timeNote && h("span", { class: "quiet" }, " ", timeNote),
  ];
}

export function reason(row) {
  return (WITH_WORDS.includes(row.state) && row.words) || say(`${row.state}.means`);
}

function stays(row) {
  return ["rejected", "failed", "gone"].includes(row.state);
}

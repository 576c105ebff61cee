// SKUs pasted from a spreadsheet or a message: looked up all at once, in a small dialog or by pasting into the search.

import { h } from "./dom.js";
import { unmarked } from "./fold.js";
import { ASKED } from "./lists.js";
import { MOST_SKUS, NO_FILTER } from "./state.js";
import { say } from "./words.js";

/** The SKUs of a text: lines, or cells apart by tabs, commas or semicolons; quotes and marks of direction around one are not part of it. */
export function skusOf(text) {
  const cells = text.split(/[\n\r\t,;]+/).map((cell) => unmarked(cell.trim()).trim().replace(/^"(.*)"$/, "$1"));
  return [...new Set(cells.filter(Boolean))];
}

/** Whether a pasted text is a list rather than words to search for: with commas alone, each is one word with a digit. */
export function isList(text) {
  const skus = skusOf(text);
  return skus.length > 1 && (/[\n\r\t;]/.test(text.trim()) || skus.every((sku) => /^\S*\d\S*$/.test(sku)));
}

/** What shows a list of SKUs; the first MOST_SKUS of it, because an address has to hold them, and how many are left out. */
export function lookUp(go, text) {
  const all = skusOf(text);
  const skus = all.slice(0, MOST_SKUS);
  if (skus.length) go({ list: ASKED, skus, left: all.length - skus.length, q: "", ...NO_FILTER, page: 1, sku: null });
}

/** Take a pasted list over from the search box. */
export function pasted(event, go) {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!isList(text)) return;
  event.preventDefault();
  lookUp(go, text);
}

/** A button, and the dialog that it opens. */
export function skusView(go) {
  const text = h("textarea", { id: "skus", rows: "8", spellcheck: "false", dir: "auto" });
  const look = () => {
    dialog.close();
    lookUp(go, text.value);
  };
  const find = h("button", { type: "button", class: "primary", onclick: look }, say("skus.find"));
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, say("skus.cancel"));
  const dialog = h(
    "dialog",
    { class: "ask", "aria-labelledby": "skus-title" },
    h("h2", { id: "skus-title" }, say("skus")),
    h("label", { for: "skus" }, say("skus.explain", { n: MOST_SKUS })),
    text,
    h("div", { class: "filters" }, find, cancel),
  );
  const open = () => {
    dialog.showModal();
    text.focus();
  };
  const button = h("button", { type: "button", "aria-haspopup": "dialog", onclick: open }, say("skus"));
  const node = h("span", {}, button, dialog);
  function update(request) {
    if (!dialog.open) text.value = request.skus.join("\n"); // else a list that comes late would replace what the reader types
  }
  return { node, update };
}

/** The answer for a list of SKUs: how many are held, how many are not, which are unknown, how many were `left` out. */
export function answerView({ held, absent, unknown }, left) {
  const counts = say("skus.answer", { held, absent, unknown: unknown.length });
  const list = h(
    "ul",
    { class: "plain mono unknown", tabindex: "0", "aria-labelledby": "unknown-title" },
    unknown.map((sku) => h("li", {}, h("bdi", {}, sku))),
  );
  const title = h("h3", { id: "unknown-title" }, say("skus.unknown"));
  const rest = unknown.length > 0 && h("section", { "aria-labelledby": "unknown-title" }, title, list);
  return h("div", { class: "absent" }, h("p", { role: "status" }, counts, left > 0 && [" ", h("b", {}, say("skus.left", { n: left }))]), rest);
}

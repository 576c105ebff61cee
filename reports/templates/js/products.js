// The table of synced products, or of another list: searched, sorted and turned page by page; a row opens its product.

import { FILTERS } from "./arrange.js";
import { columnHead, headingView, pagerView, searchBox, sortSelect } from "./controls.js";
import { foreign, h } from "./dom.js";
import { downloadView } from "./download.js";
import { filtersView } from "./filters.js";
import { elsewhere } from "./places.js";
import { marked, wordsOf } from "./fold.js";
import { number } from "./format.js";
import { RECEIVED, hasRecords } from "./lists.js";
import { answerView, skusView } from "./skus.js";
import { NO_FILTER, SORTS } from "./state.js";
import { ago, time } from "./times.js";
import { visibility } from "./visible.js";
import { why } from "./why.js";
import { known, phrase, say } from "./words.js";

const ABSENT = 5;
const UNSEEN_MS = 50; // after which nothing will be painted, for the page is in the background

export function productsView(page, held, service, go, detail) {
  const view = frame(held, service, go);
  let shown = null;
  let list = RECEIVED;
  async function update(state) {
    const key = JSON.stringify({ ...state, sku: null });
    try {
      await follow(state, key);
    } catch (error) {
      console.error(error);
      if (key !== shown) return;
      shown = null; // the next try begins anew
      fillNone(view, state, () => update(state));
    }
  }
  async function follow(state, key) {
    const asked = { ...state, service: service.name };
    if (key !== shown) {
      shown = key;
      const wanted = [asked, (state.page - 1) * held.pageSize, held.pageSize];
      const early = await held.early(...wanted);
      if (key !== shown) return;
      keepPlace(view.node);
      if (early) await fillEarly(view, asked, early, go);
      const found = await held.find(...wanted);
      if (key !== shown) return;
      if (!found.rows.length && found.matched) return void go({ page: Math.ceil(found.matched / held.pageSize) }, true);
      const absent = await absentOf(held, asked);
      if (key !== shown) return;
      fill(view, asked, found, absent, service, go, early);
      if (state.list !== list) view.heading.reveal();
      list = state.list;
    }
    await product(page, held, service, state, detail, view);
  }
  return { node: view.node, update };
}

/** Let the card end no higher than the reader's screen does now: fewer rows would move the page under the reader. */
function keepPlace(card) {
  card.style.minHeight = `${Math.max(0, innerHeight - card.getBoundingClientRect().top)}px`;
}

/** What stands still: the heading, the search, the table's head, and the places for the rest. */
function frame(held, service, go) {
  const heading = headingView(go);
  const [order, pager] = [sortSelect(go, held.sorts), pagerView(go, held.pageSize)];
  const parts = [searchBox(go, () => held.prepare(service.name)), filtersView(go, held), downloadView(held), skusView(go), heading, order, pager];
  const [search, filters, download, skus] = parts;
  const heads = SORTS.map((column) => columnHead(column, go, held.sorts.includes(column)));
  const reasons = h("th", { scope: "col", class: "why" }, h("span", {}, say("why")));
  const count = h("p", { class: "count", role: "status" });
  const body = h("tbody", { lang: languageOf(held.scope) });
  const notice = h("div", { class: "notice" });
  const [answer, gone] = [h("div", {}), h("div", { class: "notice" })];
  const row = h("tr", {}, [...heads.map((one) => one.node), reasons]);
  const table = h("table", { class: "rows", "aria-labelledby": "products-title" }, h("thead", {}, row), body);
  const head = h("div", { class: "card-head" }, heading.node, search.node, order.node, count);
  const tools = h("div", { class: "tools" }, filters.node, h("div", { class: "filters" }, skus.node, download.node));
  const node = h(
    "section",
    { class: "card products", "aria-labelledby": "products-title" },
    [head, gone, answer, tools, h("div", { class: "scroll" }, table), pager.node, notice],
  );
  return { node, heading, search, download, parts: [...parts, ...heads], count, body, gone, answer, notice, table, reasons, pager: pager.node };
}

/** The rows of a search whose matches are still being counted, which begins once the rows are about to be painted. */
function fillEarly(view, asked, rows, go) {
  fillRows(view, asked, rows, go);
  view.download.update(asked);
  view.count.textContent = say("products.counting");
  view.answer.replaceChildren();
  view.notice.replaceChildren();
  view.pager.hidden = true;
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, UNSEEN_MS);
  });
}

/** What is said instead of rows that cannot be loaded. */
function fillNone(view, asked, again) {
  for (const one of [view.body, view.answer, view.count]) one.replaceChildren();
  view.pager.hidden = true;
  view.download.update(null);
  for (const one of [view.search, view.heading]) one.update(asked);
  const button = h("button", { type: "button", onclick: again }, say("products.again"));
  view.notice.replaceChildren(h("div", { class: "note", role: "alert" }, h("p", {}, say("products.lost")), button));
}

function fillRows(view, asked, rows, go) {
  const hasReasons = asked.list !== RECEIVED;
  view.table.classList.toggle("with-why", hasReasons);
  view.table.classList.toggle("of-records", hasRecords(asked.list));
  view.reasons.hidden = !hasReasons;
  view.body.replaceChildren(...rows.map((row) => line(row, wordsOf(asked.q), go, hasReasons)));
}

function fill(view, asked, found, absent, service, go, early) {
  if (!early) fillRows(view, asked, found.rows, go);
  const key = found.isMore ? "products.more" : hasRecords(asked.list) ? "products.records" : "products.count";
  view.count.textContent = say(key, { m: found.matched, n: found.total });
  const leads = absent !== null && (!found.matched || isAskedFor(absent.rows[0], asked));
  const [answers, notices] = [found.unknown ? [answerView(found, asked.left)] : [], empty(found, asked, service, go)];
  if (absent) (leads ? answers : notices).push(absentView(absent, asked, service, go));
  view.answer.replaceChildren(...answers);
  view.notice.replaceChildren(...notices);
  for (const one of view.parts) one.update(asked, found);
}

/** What a search finds beside what is held, or null. */
async function absentOf(held, asked) {
  if (!wordsOf(asked.q).length || asked.list !== RECEIVED) return null;
  const absent = await held.absent(asked, ABSENT);
  return absent.matched ? absent : null;
}

/** True if a product is the very one whose SKU was typed. */
function isAskedFor({ sku }, { q }) {
  return sku !== null && sku.toLowerCase() === q.toLowerCase();
}

/** The first few products that the service does not hold, each with its reason, and a way to all of them. */
function absentView(found, asked, service, go) {
  const all = () => go({ list: "absent", page: 1, sku: null });
  const words = found.isMore ? say("absent.more") : say("absent.all", { n: found.matched });
  const more = h("button", { type: "button", onclick: all }, words);
  const count = `${number(found.matched)}${found.isMore ? "+" : ""}`;
  return h(
    "section",
    { class: "absent", "aria-labelledby": "absent-title" },
    h("h3", { id: "absent-title" }, phrase("absent.title", { service: service.label, count })),
    h(
      "ul",
      { class: "plain" },
      found.rows.map((row) => absentLine(row, wordsOf(asked.q), go)),
    ),
    found.matched > ABSENT && more,
  );
}

function absentLine(row, words, go) {
  const name = row.name !== null && [h("b", { dir: "auto" }, highlighted(row.name, words)), " "];
  const sku = h("bdi", { class: "mono" }, highlighted(row.sku || "–", words));
  const props = { type: "button", class: "plain-button", "aria-haspopup": "dialog", "data-sku": row.sku };
  const opens = row.sku ? h("button", { ...props, onclick: () => go({ sku: row.sku }) }, sku) : sku;
  return h("li", {}, opens, " ", name, h("p", {}, why(row)));
}

/** Open or close the details, as the state says; a SKU that nothing is known of gets a sentence instead. */
async function product(page, held, service, state, detail, { body, gone }) {
  const wasGone = gone.childElementCount > 0;
  gone.replaceChildren();
  if (state.sku === null) return detail.hide();
  const row = await held.one(service.name, state.sku);
  if (row) return detail.show(held, service, row, () => focusRow(body, state.sku));
  detail.hide();
  const words = phrase("products.not held", { service: service.label, sku: state.sku });
  const told = h("p", { class: "note", role: "alert" }, words);
  gone.replaceChildren(told);
  if (!wasGone) told.scrollIntoView({ block: "center" }); // the table lies below the figures: nobody would see it there
  told.append(...(await elsewhere(page, held, service, state.sku)));
}

function focusRow(body, sku) {
  const button = [...body.closest("section").querySelectorAll("[data-sku]")].find((one) => one.dataset.sku === sku);
  (button ?? document.getElementById("q")).focus({ preventScroll: true });
}

function line(row, words, go, hasReasons) {
  const choose = () => go({ sku: row.sku });
  const steps = { onclick: (event) => chosen(event, choose), onkeydown: (event) => entered(event, choose) };
  return h(
    "tr",
    row.sku ? { tabindex: "-1", class: row.held ? undefined : "not-held", ...steps } : { class: "not-held nameless" },
    h("td", { class: "sku" }, h("bdi", {}, highlighted(row.sku, words))),
    h("th", { class: "name", scope: "row" }, nameOf(row, words)),
    h("td", { class: "type" }, foreign(row.type)),
    h("td", { class: "visibility" }, visibility(row.visibility)),
    h("td", { class: "stock" }, stockOf(row.stock)),
    h("td", { class: "updated" }, row.updated !== null && [time(row.updated), " ", ago(row.updated)]),
    hasReasons && h("td", { class: "why" }, why(row)),
  );
}

/** A product's name: what has a SKU opens by it. */
function nameOf(row, words) {
  const none = row.held ? h("i", {}, say("content gone")) : row.sku && say("detail.open");
  const text = row.name === null ? none : highlighted(row.name, words);
  if (!row.sku) return h("span", { dir: "auto" }, text);
  const props = { type: "button", "aria-haspopup": "dialog", dir: "auto", onkeydown: step, "data-sku": row.sku };
  return h("button", props, text);
}

function stockOf(stock) {
  return stock !== null && h("span", { class: `stock-sign ${stock}` }, known("stock.", stock));
}

/** A click opens the product, unless it ends a selection: SKUs are there to be copied. */
function chosen(event, choose) {
  const selection = getSelection();
  const isSelecting = !selection.isCollapsed && event.currentTarget.contains(selection.anchorNode);
  if (!isSelecting || event.target.closest("button")) choose();
}

function entered(event, choose) {
  if (event.key !== "Enter" || event.target !== event.currentTarget) return;
  event.preventDefault(); // or the same key press would go on to the dialog's first button, and close it
  choose();
}

function step(event) {
  const row = event.currentTarget.closest("tr");
  const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
  if (!next) return;
  event.preventDefault();
  next.querySelector("button")?.focus();
}

function highlighted(text, words) {
  return marked(text, words).map(([piece, found]) => (found ? h("mark", {}, piece) : piece));
}

function empty(found, state, service, go) {
  if (found.matched) return [];
  const isReceived = state.list === RECEIVED;
  const none = isReceived ? phrase("products.none", { service: service.label }) : say("list.none");
  if (!found.total) return [h("p", { class: "note" }, none)];
  const isWorded = isReceived && state.q && !FILTERS.some((filter) => state[filter]);
  const words = isWorded ? phrase("products.no match", { service: service.label, q: state.q }) : say("list.no match");
  const clear = h(
    "button",
    { type: "button", onclick: () => go({ q: "", ...NO_FILTER, page: 1 }) },
    say(isWorded ? "products.clear" : "list.clear"),
  );
  return [h("div", { class: "note" }, h("p", {}, words), clear)];
}

function languageOf(scope) {
  try {
    return Intl.getCanonicalLocales(scope.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

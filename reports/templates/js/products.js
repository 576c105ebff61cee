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
const UNSEEN_MS = 50; // after which nothing is painted, because the page is in the background

export function productsView(page, scopeData, service, go, detail) {
  const view = frame(scopeData, service, go);
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
    const request = { ...state, service: service.name };
    if (key !== shown) {
      shown = key;
      const wanted = [request, (state.page - 1) * scopeData.pageSize, scopeData.pageSize];
      const early = await scopeData.early(...wanted);
      if (key !== shown) return;
      keepPlace(view.node);
      if (early) await fillEarly(view, request, early, go);
      const result = await scopeData.find(...wanted);
      if (key !== shown) return;
      if (!result.rows.length && result.matched) return void go({ page: Math.ceil(result.matched / scopeData.pageSize) }, true);
      const absent = await absentOf(scopeData, request);
      if (key !== shown) return;
      fill(view, request, result, absent, service, go, early);
      if (state.list !== list) view.heading.reveal();
      list = state.list;
    }
    await product(page, scopeData, service, state, detail, view);
  }
  return { node: view.node, update };
}

/** Keep the card as tall as the reader's screen shows it: fewer rows would move the page under the reader. */
function keepPlace(card) {
  card.style.minHeight = `${Math.max(0, innerHeight - card.getBoundingClientRect().top)}px`;
}

/** The fixed parts: the heading, the search, the table's head, and the places for the rest. */
function frame(scopeData, service, go) {
  const heading = headingView(go);
  const [order, pager] = [sortSelect(go, scopeData.sorts), pagerView(go, scopeData.pageSize)];
  const parts = [searchBox(go, () => scopeData.prepare(service.name)), filtersView(go, scopeData), downloadView(scopeData), skusView(go), heading, order, pager];
  const [search, filters, download, skus] = parts;
  const heads = SORTS.map((column) => columnHead(column, go, scopeData.sorts.includes(column)));
  const reasons = h("th", { scope: "col", class: "why" }, h("span", {}, say("why")));
  const count = h("p", { class: "count", role: "status" });
  const body = h("tbody", { lang: languageOf(scopeData.scope) });
  const notice = h("div", { class: "notice" });
  const [answer, gone] = [h("div", {}), h("div", { class: "notice" })];
  const row = h("tr", {}, [...heads.map((head) => head.node), reasons]);
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

/** Show the rows of a search before its matches are counted; counting begins once the rows are about to be painted. */
function fillEarly(view, request, rows, go) {
  fillRows(view, request, rows, go);
  view.download.update(request);
  view.count.textContent = say("products.counting");
  view.answer.replaceChildren();
  view.notice.replaceChildren();
  view.pager.hidden = true;
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, UNSEEN_MS);
  });
}

/** Show a note in place of rows that cannot be loaded. */
function fillNone(view, request, again) {
  for (const part of [view.body, view.answer, view.count]) part.replaceChildren();
  view.pager.hidden = true;
  view.download.update(null);
  for (const part of [view.search, view.heading]) part.update(request);
  const button = h("button", { type: "button", onclick: again }, say("products.again"));
  view.notice.replaceChildren(h("div", { class: "note", role: "alert" }, h("p", {}, say("products.lost")), button));
}

function fillRows(view, request, rows, go) {
  const hasReasons = request.list !== RECEIVED;
  view.table.classList.toggle("with-why", hasReasons);
  view.table.classList.toggle("of-records", hasRecords(request.list));
  view.reasons.hidden = !hasReasons;
  view.body.replaceChildren(...rows.map((row) => line(row, wordsOf(request.q), go, hasReasons)));
}

function fill(view, request, result, absent, service, go, early) {
  if (!early) fillRows(view, request, result.rows, go);
  const key = result.isMore ? "products.more" : hasRecords(request.list) ? "products.records" : "products.count";
  view.count.textContent = say(key, { m: result.matched, n: result.total });
  const leads = absent !== null && (!result.matched || isAskedFor(absent.rows[0], request));
  const [answers, notices] = [result.unknown ? [answerView(result, request.left)] : [], empty(result, request, service, go)];
  if (absent) (leads ? answers : notices).push(absentView(absent, request, service, go));
  view.answer.replaceChildren(...answers);
  view.notice.replaceChildren(...notices);
  for (const part of view.parts) part.update(request, result);
}

/** The matches that the service does not hold, or null if there are none. */
async function absentOf(scopeData, request) {
  if (!wordsOf(request.q).length || request.list !== RECEIVED) return null;
  const absent = await scopeData.absent(request, ABSENT);
  return absent.matched ? absent : null;
}

/** True if the typed text is the SKU of this product. */
function isAskedFor({ sku }, { q }) {
  return sku !== null && sku.toLowerCase() === q.toLowerCase();
}

/** The first few products that the service does not hold, each with its reason, and a link to all of them. */
function absentView(result, request, service, go) {
  const all = () => go({ list: "absent", page: 1, sku: null });
  const words = result.isMore ? say("absent.more") : say("absent.all", { n: result.matched });
  const more = h("button", { type: "button", onclick: all }, words);
  const count = `${number(result.matched)}${result.isMore ? "+" : ""}`;
  return h(
    "section",
    { class: "absent", "aria-labelledby": "absent-title" },
    h("h3", { id: "absent-title" }, phrase("absent.title", { service: service.label, count })),
    h(
      "ul",
      { class: "plain" },
      result.rows.map((row) => absentLine(row, wordsOf(request.q), go)),
    ),
    result.matched > ABSENT && more,
  );
}

function absentLine(row, words, go) {
  const name = row.name !== null && [h("b", { dir: "auto" }, highlighted(row.name, words)), " "];
  const sku = h("bdi", { class: "mono" }, highlighted(row.sku || "–", words));
  const props = { type: "button", class: "plain-button", "aria-haspopup": "dialog", "data-sku": row.sku };
  const opens = row.sku ? h("button", { ...props, onclick: () => go({ sku: row.sku }) }, sku) : sku;
  return h("li", {}, opens, " ", name, h("p", {}, why(row)));
}

/** Open or close the details, as the state says; an unknown SKU gets a sentence instead. */
async function product(page, scopeData, service, state, detail, { body, gone }) {
  const wasGone = gone.childElementCount > 0;
  gone.replaceChildren();
  if (state.sku === null) return detail.hide();
  const row = await scopeData.rowOf(service.name, state.sku);
  if (row) return detail.show(scopeData, service, row, () => focusRow(body, state.sku));
  detail.hide();
  const words = phrase("products.not held", { service: service.label, sku: state.sku });
  const notice = h("p", { class: "note", role: "alert" }, words);
  gone.replaceChildren(notice);
  if (!wasGone) notice.scrollIntoView({ block: "center" }); // the table lies below the figures: nobody would see it there
  notice.append(...(await elsewhere(page, scopeData, service, state.sku)));
}

function focusRow(body, sku) {
  const button = [...body.closest("section").querySelectorAll("[data-sku]")].find((candidate) => candidate.dataset.sku === sku);
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

/** A product's name: a button that opens it, if it has a SKU. */
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
  return marked(text, words).map(([piece, isMatch]) => (isMatch ? h("mark", {}, piece) : piece));
}

function empty(result, state, service, go) {
  if (result.matched) return [];
  const isReceived = state.list === RECEIVED;
  const none = isReceived ? phrase("products.none", { service: service.label }) : say("list.none");
  if (!result.total) return [h("p", { class: "note" }, none)];
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

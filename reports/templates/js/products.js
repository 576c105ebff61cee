// The table of synced products: searched, sorted and turned page by page; a row opens its product.

import { PAGE, columnHead, pagerView, searchBox, sortSelect } from "./controls.js";
import { foreign, h } from "./dom.js";
import { marked, wordsOf } from "./fold.js";
import { SORTS } from "./state.js";
import { ago, time } from "./times.js";
import { known, phrase, say } from "./words.js";

export function productsView(page, held, service, go, detail) {
  const search = searchBox(go);
  const count = h("p", { class: "count", role: "status" });
  const heads = SORTS.map((column) => columnHead(column, go));
  const body = h("tbody", { lang: languageOf(held.scope) });
  const notice = h("div", { class: "notice" });
  const order = sortSelect(go);
  const pager = pagerView(go);
  const node = h(
    "section",
    { class: "card products", "aria-labelledby": "products-title" },
    h(
      "div",
      { class: "card-head" },
      h("h2", { id: "products-title" }, say("products")),
      search.node,
      order.node,
      count,
    ),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "rows", "aria-labelledby": "products-title" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            heads.map((one) => one.node),
          ),
        ),
        body,
      ),
    ),
    notice,
    pager.node,
  );
  let shown = null;
  async function update(state) {
    const key = JSON.stringify([state.q, state.sort, state.page]);
    if (key !== shown) {
      shown = key;
      const from = (state.page - 1) * PAGE;
      const found = await held.find({ service: service.name, q: state.q, sort: state.sort, from, count: PAGE });
      if (key !== shown) return;
      if (!found.rows.length && found.matched) return void go({ page: Math.ceil(found.matched / PAGE) }, true);
      body.replaceChildren(...found.rows.map((row) => line(row, wordsOf(state.q), go)));
      count.textContent = say("products.count", { m: found.matched, n: found.total });
      notice.replaceChildren(...empty(found, state, service, go));
      for (const one of [search, order, pager, ...heads]) one.update(state, found);
    }
    await product(held, service, state, detail, body, notice);
  }
  return { node, update };
}

/** Open or close the details, as the state says; a SKU that is not held gets a sentence instead. */
async function product(held, service, state, detail, body, notice) {
  if (state.sku === null) return detail.hide();
  const row = await held.one(service.name, state.sku);
  if (row) return detail.show(held, service, row, () => focusRow(body, state.sku));
  detail.hide();
  const words = phrase("products.not held", { service: service.label, sku: state.sku });
  return notice.replaceChildren(h("p", { class: "note", role: "alert" }, words));
}

function focusRow(body, sku) {
  const button = [...body.querySelectorAll("button")].find((one) => one.dataset.sku === sku);
  (button ?? document.getElementById("q")).focus();
}

function line(row, words, go) {
  const choose = () => go({ sku: row.sku });
  const name = row.name === null ? h("i", {}, say("content gone")) : highlighted(row.name, words);
  const button = h(
    "button",
    { type: "button", "aria-haspopup": "dialog", dir: "auto", onkeydown: step, "data-sku": row.sku },
    name,
  );
  return h(
    "tr",
    { tabindex: "-1", onclick: (event) => chosen(event, choose), onkeydown: (event) => entered(event, choose) },
    h("td", { class: "sku" }, h("bdi", {}, highlighted(row.sku, words))),
    h("th", { class: "name", scope: "row" }, button),
    h("td", { class: "type" }, foreign(row.type)),
    h("td", { class: "visibility" }, visibility(row.visibility)),
    h(
      "td",
      { class: "stock" },
      row.stock !== null && h("span", { class: `stock-sign ${row.stock}` }, known("stock.", row.stock)),
    ),
    h("td", { class: "updated" }, time(row.updated), " ", ago(row.updated)),
  );
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
  next.querySelector("button").focus();
}

function highlighted(text, words) {
  return marked(text, words).map(([piece, found]) => (found ? h("mark", {}, piece) : piece));
}

export function visibility(places) {
  if (places === null || places === undefined) return null;
  return places.length ? places.map((place) => known("visible.", place)).join(", ") : say("visible.none");
}

function empty(found, state, service, go) {
  if (found.matched) return [];
  if (!found.total) return [h("p", { class: "note" }, phrase("products.none", { service: service.label }))];
  const clear = h("button", { type: "button", onclick: () => go({ q: "", page: 1 }) }, say("products.clear"));
  return [
    h("div", { class: "note" }, h("p", {}, phrase("products.no match", { service: service.label, q: state.q })), clear),
  ];
}

function languageOf(scope) {
  try {
    return Intl.getCanonicalLocales(scope.replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

// The controls of the products table: search box, column heads, sort order on a phone, pages.

import { h, icon } from "./dom.js";
import { RECEIVED } from "./lists.js";
import { pasted } from "./skus.js";
import { say } from "./words.js";

const TYPING_MS = 120;

/** The search box; it calls `prepare` when a reader is about to type. */
export function searchBox(go, prepare) {
  let sent = "";
  let timer = 0;
  /** Search for what was typed at an address; a product that was opened since stays open. */
  const send = (address) => {
    const closes = address === location.hash ? { sku: null } : {};
    go({ q: (sent = input.value.trim()), page: 1, ...closes }, true);
  };
  const input = h("input", {
    type: "search",
    id: "q",
    "aria-label": say("products.search"),
    placeholder: say("products.search"),
    autocomplete: "off",
    spellcheck: "false",
    maxlength: "200",
    dir: "auto",
    "aria-keyshortcuts": "/",
    onfocus: prepare,
    onpaste: (event) => pasted(event, go),
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(send, TYPING_MS, location.hash);
    },
  });
  const node = h("div", { class: "search" }, icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/"));
  return {
    node,
    update(state) {
      if (state.q !== sent) input.value = sent = state.q;
    },
  };
}

/** The list's name and what it means, with a link back to the held products. */
export function headingView(go) {
  const title = h("h2", { id: "products-title", tabindex: "-1" });
  const means = h("p", { class: "quiet" });
  const toAll = () => go({ list: RECEIVED, reason: "", skus: [], page: 1, sku: null });
  const back = h("button", { type: "button", class: "plain-button", onclick: toAll }, say("list.back"));
  const node = h("div", { class: "list-name" }, title, means, back);
  function update({ list }) {
    title.textContent = say(list);
    means.textContent = say(`${list}.means`);
    means.hidden = back.hidden = list === RECEIVED;
  }
  function reveal() {
    title.focus({ preventScroll: true });
    title.closest("section").scrollIntoView({ block: "start" });
  }
  return { node, update, reveal };
}

/** A column's head: a button where the list can be sorted by it. */
export function columnHead(column, go, isSortable) {
  if (!isSortable) return { node: h("th", { scope: "col", class: column }, h("span", {}, say(column))), update() {} };
  let next = column;
  const arrow = h("span", { class: "arrow", "aria-hidden": "true" });
  const button = h("button", { type: "button", onclick: () => go({ sort: next, page: 1 }) }, say(column), arrow);
  const node = h("th", { scope: "col", class: column }, button);
  return {
    node,
    update({ sort }) {
      const isSorted = sort.replace(/^-/, "") === column;
      const isBack = sort.startsWith("-");
      next = isSorted && !isBack ? `-${column}` : column;
      // Newest first is the default, so for times the plain order descends.
      const descends = isBack !== (column === "updated");
      if (isSorted) node.setAttribute("aria-sort", descends ? "descending" : "ascending");
      else node.removeAttribute("aria-sort");
      arrow.textContent = isSorted ? (descends ? "↓" : "↑") : "";
    },
  };
}

export function sortSelect(go, sorts) {
  const all = ["updated", "-updated", "name", "-name", "sku", "-sku", "type", "visibility", "stock"];
  const keys = all.filter((key) => sorts.includes(key.replace("-", "")));
  const options = keys.map((key) => h("option", { value: key }, say(`sort.${key}`)));
  const select = h(
    "select",
    { "aria-label": say("products.sort"), onchange: () => go({ sort: select.value, page: 1 }) },
    options,
  );
  return {
    node: h("div", { class: "narrow-only" }, select),
    update({ sort }) {
      select.value = sort;
    },
  };
}

export function pagerView(go, size) {
  let page = 1;
  let pages = 1;
  const turn = (by) => page + by >= 1 && page + by <= pages && go({ page: page + by, sku: null });
  const previous = h("button", { type: "button", onclick: () => turn(-1) }, say("products.previous"));
  const next = h("button", { type: "button", onclick: () => turn(1) }, say("products.next"));
  const range = h("span", { class: "range" });
  const node = h("nav", { class: "pager", "aria-label": say("products.pages") }, previous, range, next);
  function update(state, { matched, isMore }) {
    [page, pages] = [state.page, Math.ceil(matched / size)];
    node.hidden = matched === 0;
    range.textContent = say(isMore ? "products.range more" : "products.range", {
      from: (page - 1) * size + 1,
      to: Math.min(page * size, matched),
      n: matched,
    });
    previous.setAttribute("aria-disabled", String(page <= 1));
    next.setAttribute("aria-disabled", String(page >= pages));
    previous.hidden = next.hidden = pages <= 1;
  }
  return { node, update };
}

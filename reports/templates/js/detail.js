// One product: a readable head, where it is and why not, its history, and the JSON as a service received it.

import { copyButton, copyText } from "./copy.js";
import { foreign, h, icon, isWeb, link } from "./dom.js";
import { historyView } from "./history.js";
import { jsonNodes } from "./json.js";
import { absencesView, placesOf, placesView, translationsView } from "./places.js";
import { when } from "./times.js";
import { visibility } from "./visible.js";
import { known, phrase, say } from "./words.js";

export function detailView(page, onclose) {
  let back = () => {};
  let shown = null;
  const content = h("div", { class: "detail-content" });
  const node = h(
    "dialog",
    { class: "detail", "aria-labelledby": "detail-name", onclick: (event) => event.target === node && node.close() },
    content,
  );
  node.addEventListener("close", () => {
    if (node.open) return; // closed for another product, which is shown by now
    const wasShown = shown !== null;
    shown = null;
    if (wasShown) onclose();
    if (document.activeElement === document.body || node.contains(document.activeElement)) back();
  });
  async function show(scopeData, service, row, focusBack) {
    const key = `${scopeData.scope} ${service.name} ${row.version}`;
    if (key === shown) return;
    [shown, back] = [key, focusBack];
    content.replaceChildren(...frame(page, row, node));
    if (!node.open) node.showModal();
    const filled = await body(page, scopeData, service, row);
    if (key === shown) content.lastChild.replaceChildren(...filled.filter(Boolean));
  }
  return {
    node,
    show,
    hide() {
      shown = null;
      if (node.open) node.close();
    },
  };
}

/** The address to send: below the settings' `link` where there is one, because nobody else can open this disk. */
function publicAddress(page) {
  return page.link ? new URL(location.hash, page.link).href : location.href;
}

function frame(page, row, dialog) {
  const close = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      autofocus: true,
      "aria-label": say("detail.close"),
      title: say("detail.close"),
      onclick: () => dialog.close(),
    },
    icon("close"),
  );
  return [
    h(
      "div",
      { class: "detail-head" },
      h(
        "div",
        {},
        h("h2", { id: "detail-name", dir: "auto" }, row.name ?? row.sku),
        h("p", { class: "quiet" }, say("sku"), " ", h("bdi", { class: "mono" }, row.sku)),
      ),
      h("div", { class: "detail-tools" }, copyText("detail.link", () => publicAddress(page)), close),
    ),
    h("div", { class: "detail-body" }, h("p", { class: "note", role: "status" }, say("detail.loading"))),
  ];
}

async function body(page, scopeData, service, row) {
  const [payload, places] = await Promise.allSettled([payloadOf(scopeData, row), placesOf(page, scopeData, row.sku)]);
  const received = payload.status === "fulfilled" ? payload.value : null;
  const failed = [payload, places].some((result) => result.status === "rejected");
  return [
    places.status === "fulfilled" && absencesView(page, places.value),
    facts(scopeData, service, row, received),
    ...(places.status === "fulfilled" ? story(page, places.value, row) : []),
    received && jsonPart(service, received),
    failed && h("p", { class: "note", role: "alert" }, say("detail.unloadable")),
  ];
}

/** The payload of a held product; a service received nothing of the others. */
async function payloadOf(scopeData, row) {
  return row.held ? scopeData.payload(row) : null;
}

function story(page, places, { sku, state }) {
  const isQuarantined = state === "quarantined";
  return [placesView(page, places, sku), translationsView(page, places), historyView(page, places[0].scope.name, places[0].story, isQuarantined)];
}

function facts(scopeData, service, row, payload) {
  const product = parsed(payload?.text);
  const price = product.price && [product.price, " ", product.currency ?? ""].join("").trim();
  const lines = [
    [say("scope"), h("bdi", {}, scopeData.scope)],
    row.held && [phrase("detail.received by", { service: service.label }), when(row.updated)],
    payload && [say("detail.version"), h("span", { class: "mono hash" }, payload.hash)],
    price && [say("detail.price"), foreign(price)],
    row.type && [say("type"), foreign(row.type)],
    product.status && [say("detail.status"), known("status.", product.status)],
    row.visibility && [say("visibility"), visibility(row.visibility)],
    row.stock && [say("stock"), known("stock.", row.stock)],
    isWeb(product.url) && [say("detail.page"), link(product.url)],
  ].filter(Boolean);
  return h(
    "dl",
    { class: "facts" },
    lines.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

function parsed(text) {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}

function jsonPart(service, payload) {
  if (payload.text === null) return h("p", { class: "note" }, say("detail.gone"));
  const title = phrase("detail.json", { service: service.label });
  const pre = h(
    "pre",
    { role: "group", dir: "ltr", tabindex: "0", "aria-labelledby": "detail-json" },
    jsonNodes(payload.text),
  );
  return h(
    "section",
    { "aria-labelledby": "detail-json" },
    h("div", { class: "json-head" }, h("h3", { id: "detail-json" }, title), copyButton("detail.copy", pre)),
    pre,
  );
}

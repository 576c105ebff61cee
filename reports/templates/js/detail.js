// One product as a service received it: a readable head, where else it is held, and the JSON, whole and copyable.

import { copyButton } from "./copy.js";
import { foreign, h, icon, isWeb, link } from "./dom.js";
import { jsonNodes } from "./json.js";
import { when } from "./times.js";
import { visibility } from "./products.js";
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
    const wasShown = shown !== null;
    shown = null;
    if (wasShown) onclose();
    if (document.activeElement === document.body || node.contains(document.activeElement)) back();
  });
  async function show(held, service, row, focusBack) {
    const key = `${held.scope} ${service.name} ${row.version}`;
    if (key === shown) return;
    [shown, back] = [key, focusBack];
    content.replaceChildren(...frame(page, held, service, row, node));
    if (!node.open) node.showModal();
    const others = await services(page, held, row);
    const filled = await body(held, service, row, others);
    if (key === shown) content.lastChild.replaceChildren(...filled);
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

function frame(page, held, service, row, dialog) {
  const close = h(
    "button",
    {
      type: "button",
      class: "icon-button",
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
      close,
    ),
    h("div", { class: "detail-body" }, h("p", { class: "note", role: "status" }, say("detail.loading"))),
  ];
}

async function body(held, service, row, others) {
  try {
    const payload = await held.payload(row);
    return [facts(held, service, row, payload), others, jsonPart(service, payload)];
  } catch {
    return [
      facts(held, service, row, null),
      others,
      h("p", { class: "note", role: "alert" }, say("detail.unloadable")),
    ];
  }
}

function facts(held, service, row, payload) {
  const product = parsed(payload?.text);
  const price = product.price && [product.price, " ", product.currency ?? ""].join("").trim();
  const lines = [
    [say("scope"), h("bdi", {}, held.scope)],
    [phrase("detail.received by", { service: service.label }), when(row.updated)],
    payload && [say("detail.version"), h("span", { class: "mono hash" }, payload.hash)],
    price && [say("detail.price"), foreign(price)],
    [say("type"), foreign(row.type)],
    product.status && [say("detail.status"), foreign(product.status)],
    [say("visibility"), visibility(row.visibility)],
    row.stock !== null && [say("stock"), known("stock.", row.stock)],
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

async function services(page, held, row) {
  const rows = await Promise.all(
    page.services.map(async (service) => {
      const other = await held.one(service.name, row.sku);
      return [service, other?.held ? other : undefined];
    }),
  );
  return h(
    "section",
    { "aria-labelledby": "detail-services" },
    h("h3", { id: "detail-services" }, say("detail.services")),
    h(
      "ul",
      { class: "held-by" },
      rows.map(([service, other]) => heldBy(service, other, row)),
    ),
  );
}

function heldBy(service, other, row) {
  const kind = !other ? "absent" : other.version === row.version ? "same" : "other";
  const sign = { absent: "dash", same: "check", other: "sync" }[kind];
  return h(
    "li",
    { class: kind },
    icon(sign),
    h("span", {}, foreign(service.label)),
    h("span", { class: "quiet" }, say(`detail.${kind}`), other && [", ", when(other.updated)]),
  );
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

// The note for an address with a scope or a service that this page does not have.

import { h } from "./dom.js";
import { phrase } from "./words.js";

export function staleLinkView() {
  const node = h("div", {});
  return { node, update: ({ staleLink, scope }) => node.replaceChildren(...sentences(staleLink, scope)) };
}

function sentences({ scope, tab }, shown) {
  const said = [scope && phrase("stale_link.scope", { scope, shown }), tab && phrase("stale_link.service", { service: tab })];
  return said.filter(Boolean).map((words) => h("p", { class: "card note stale-link", role: "alert" }, words));
}

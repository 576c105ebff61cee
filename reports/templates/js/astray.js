// What is said where an address names a scope or a service that this page does not have.

import { h } from "./dom.js";
import { phrase } from "./words.js";

export function astrayView() {
  const node = h("div", {});
  return { node, update: ({ astray, scope }) => node.replaceChildren(...sentences(astray, scope)) };
}

function sentences({ scope, tab }, shown) {
  const said = [scope && phrase("astray.scope", { scope, shown }), tab && phrase("astray.service", { service: tab })];
  return said.filter(Boolean).map((words) => h("p", { class: "card note astray", role: "alert" }, words));
}

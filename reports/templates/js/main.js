// The page's start: reads its data and its address, puts the views together, and follows both.

import { staleLinkView } from "./stale_link.js";
import { bannerView } from "./banner.js";
import { detailView } from "./detail.js";
import { h } from "./dom.js";
import { headerView } from "./header.js";
import { overviewView } from "./overview.js";
import { serviceView } from "./service.js";
import { NO_STALE_LINK, OVERVIEW, read, write } from "./state.js";
import { keepTime } from "./times.js";
import { say } from "./words.js";

export function start() {
  const page = JSON.parse(document.getElementById("page").textContent);
  let state = read(location.hash, page);
  let view = null;
  let viewed = null;

  function go(changes, replace = false) {
    state = { ...state, at: null, staleLink: NO_STALE_LINK, ...changes };
    history[replace ? "replaceState" : "pushState"](null, "", write(state));
    render();
  }

  const detail = detailView(page, () => go({ sku: null }, true));
  const header = headerView(page, go);
  const [banner, staleLink] = [bannerView(page), staleLinkView()];
  const panel = h("div", { id: "panel", role: "tabpanel" });

  function render() {
    const key = JSON.stringify(state.tab === OVERVIEW ? [OVERVIEW] : [state.scope, state.tab]);
    if (key !== viewed) {
      viewed = key;
      detail.hide();
      view = viewOf(page, state, go, detail);
      panel.replaceChildren(view.node);
    }
    const i = state.tab === OVERVIEW ? 0 : 1 + page.services.findIndex((service) => service.name === state.tab);
    panel.setAttribute("aria-labelledby", `tab-${i}`);
    document.title = [say("title"), i ? page.services[i - 1].label : say("overview"), i && state.scope]
      .filter(Boolean)
      .join(" – ");
    for (const part of [header, banner, staleLink, view]) part.update(state);
  }

  const skip = h("a", { class: "skip", href: "#panel", onclick: (event) => skipTo(event, panel) }, say("skip"));
  document.body.append(skip, header.node, h("main", { class: "content" }, banner.node, staleLink.node, panel), footer(), detail.node);
  addEventListener("popstate", () => {
    document.querySelector("dialog.ask[open]")?.close(); // it belongs to the view that is left
    state = read(location.hash, page);
    render();
  });
  addEventListener("keydown", findByKey);
  keepTime(() => banner.update(state));
  render();
}

function viewOf(page, state, go, detail) {
  if (state.tab === OVERVIEW) return overviewView(page);
  return serviceView(
    page,
    state.scope,
    page.services.find((service) => service.name === state.tab),
    go,
    detail,
  );
}

function skipTo(event, panel) {
  event.preventDefault();
  panel.tabIndex = -1;
  panel.focus();
}

function findByKey(event) {
  const isTyping = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (
    event.key !== "/" ||
    isTyping ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    document.querySelector("dialog[open]")
  )
    return;
  const box = document.getElementById("q");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function footer() {
  return h("footer", { class: "foot" }, h("p", {}, say("footer")), h("p", {}, say("footer.keys")));
}

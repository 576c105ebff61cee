// The head of the page: its name and age, the scope, the tabs, dark or light.

import { foreign, h, icon } from "./dom.js";
import { number } from "./format.js";
import { OVERVIEW } from "./state.js";
import { ago, timeWithZone } from "./times.js";
import { say } from "./words.js";

export function headerView(page, go) {
  const scopes = scopeSelect(page, go);
  const tabs = tabList(page, go);
  const node = h(
    "header",
    { class: "top" },
    h(
      "div",
      { class: "bar" },
      h(
        "div",
        { class: "brand" },
        h("span", { class: "mark" }, icon("sync")),
        h("div", {}, h("h1", {}, say("title")), asOf(page)),
      ),
      h("div", { class: "controls" }, scopes.node, themeButton()),
    ),
    tabs.node,
  );
  return {
    node,
    update(state) {
      scopes.update(state);
      tabs.update(state);
    },
  };
}

function asOf(page) {
  const ms = Date.parse(page.as_of);
  return h(
    "p",
    { class: "as-of" },
    say("as of"),
    " ",
    timeWithZone(ms),
    h("span", { class: "dot", "aria-hidden": "true" }, " · "),
    ago(ms),
  );
}

function scopeSelect(page, go) {
  const shown = ({ name, label }) => (label === name ? name : `${name} – ${label}`);
  const options = page.scopes.map((scope) => h("option", { value: scope.name, dir: "auto" }, shown(scope)));
  const select = h("select", { id: "scope", onchange: () => go({ scope: select.value, sku: null, page: 1 }) }, options);
  const node = h("div", { class: "field" }, h("label", { for: "scope" }, say("scope")), select);
  return {
    node,
    update(state) {
      select.value = state.scope;
    },
  };
}

function tabList(page, go) {
  const names = [OVERVIEW, ...page.services.map((service) => service.name)];
  const labels = [say("overview"), ...page.services.map((service) => service.label)];
  const counts = names.map(() => h("span", { class: "badge" }));
  const tabs = names.map((name, i) =>
    h(
      "button",
      {
        type: "button",
        role: "tab",
        id: `tab-${i}`,
        "aria-controls": "panel",
        onclick: () => choose(i),
      },
      foreign(labels[i]),
      i > 0 && counts[i],
    ),
  );
  const choose = (i) => go({ tab: names[i], sku: null, page: 1 });
  const node = h(
    "div",
    { role: "tablist", class: "tabs", "aria-label": say("views"), onkeydown: (event) => move(event, tabs, choose) },
    tabs,
  );
  let shown = null;
  function update(state) {
    mark(page, state, names, tabs, counts);
    if (state.tab !== shown) scrollSideways(node, tabs[names.indexOf(state.tab)]);
    shown = state.tab;
  }
  return { node, update };
}

/** Bring a tab into sight within its strip. scrollIntoView would move the whole page as well. */
function scrollSideways(strip, tab) {
  const [outer, inner] = [strip.getBoundingClientRect(), tab.getBoundingClientRect()];
  if (inner.left < outer.left) strip.scrollLeft -= outer.left - inner.left;
  else if (inner.right > outer.right) strip.scrollLeft += inner.right - outer.right;
}

function mark(page, state, names, tabs, counts) {
  const totals = page.totals.find((scopeTotals) => scopeTotals.scope === state.scope);
  tabs.forEach((tab, i) => {
    const isChosen = names[i] === state.tab;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    const received = totals?.services.find((serviceTotals) => serviceTotals.service === names[i])?.total_received;
    counts[i].textContent = received === undefined ? "" : number(received);
  });
}

function move(event, tabs, choose) {
  const at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const chosen = (to + tabs.length) % tabs.length;
  choose(chosen);
  tabs[chosen].focus();
}

function themeButton() {
  const root = document.documentElement;
  const isDark = () =>
    (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": say("theme"), title: say("theme") },
    icon("theme"),
  );
  const show = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    show();
  });
  if (["dark", "light"].includes(storedTheme())) root.dataset.theme = storedTheme();
  show();
  return button;
}

function storedTheme() {
  try {
    return localStorage.getItem("datasync-theme");
  } catch {
    return null;
  }
}

function keep(theme) {
  try {
    localStorage.setItem("datasync-theme", theme);
  } catch {
    // A browser that keeps nothing for pages from a disk shows the choice until the page is closed.
  }
}

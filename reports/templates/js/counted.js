// "How is this counted?": the query of every figure, with the files it reads, ready to be run beside the store.

import { copyButton } from "./copy.js";
import { foreign, h } from "./dom.js";
import { number } from "./format.js";
import { loadJson } from "./load.js";
import { say } from "./words.js";

/**
 * A line that opens. `figureGroups` are {group, figures: [{name, label, value}], key, place}: `key` names the data file
 * with the queries, `place` the part of it; `group` says where the figures belong, if there are several groups.
 */
export function countedView(page, figureGroups) {
  const content = h("div", { class: "counted-body" });
  const open = async (event) => {
    if (!event.target.open || content.hasChildNodes()) return;
    content.replaceChildren(figureChooser(page, figureGroups));
  };
  return h("details", { class: "counted", ontoggle: open }, h("summary", {}, say("counted")), content);
}

/** The query as one text: `WITH` the relations it reads, each written out, then the query itself. */
export function sqlOf({ relations, figures }, place, figure) {
  const [reads, sql] = figures[place][figure];
  const withs = reads.map((name) => `${name.split("/")[0]} AS (\n${relations[name]}\n)`);
  return withs.length ? `WITH ${withs.join(",\n")}\n${joined(sql)}` : sql;
}

/** A query that begins with a WITH of its own, or with a comment, stands in brackets after another WITH. */
function joined(sql) {
  return /^(?:--|WITH\b)/.test(sql) ? `SELECT * FROM (\n${sql}\n)` : sql;
}

function figureChooser(page, figureGroups) {
  const id = `counted-${(choosers += 1)}`;
  const place = h("div", {});
  const group = pick(`${id}-group`, "counted.where", figureGroups.map((figureGroup) => figureGroup.group), () => regroup());
  const figures = h("div", {});
  let chosen = null;
  const show = async () => {
    const { key, place: where, figures: all } = figureGroups[group.at()];
    place.replaceChildren(await query(page, key, where, all[chosen.at()]));
  };
  const regroup = () => {
    const labels = figureGroups[group.at()].figures.map((figure) => labelOf(figure));
    chosen = pick(`${id}-figure`, "counted.figure", labels, show);
    figures.replaceChildren(chosen.node);
    show();
  };
  regroup();
  return h("div", {}, h("div", { class: "filters" }, figureGroups.length > 1 && group.node, figures), place);
}

let choosers = 0;

function labelOf({ label, value }) {
  return typeof value === "number" ? `${label}: ${number(value)}` : label;
}

function pick(id, key, labels, onchange) {
  const options = labels.map((label, i) => h("option", { value: String(i), dir: "auto" }, label));
  const select = h("select", { id, onchange }, options);
  const node = h("span", { class: "field" }, h("label", { for: id }, say(key)), select);
  return { node, at: () => Number(select.value) };
}

async function query(page, key, place, { name, label }) {
  let text;
  try {
    text = sqlOf(await loadJson(page.version, key), place, name);
  } catch {
    return h("p", { class: "note", role: "alert" }, say("counted.unloadable"));
  }
  const pre = h("pre", { class: "sql", tabindex: "0", dir: "ltr", role: "group", "aria-label": label }, text);
  const paths = new Set(text.match(/'[^'\n]+[.](?:parquet|json)'/g));
  const hint = say("counted.how", { n: paths.size });
  return h("div", {}, h("div", { class: "json-head" }, h("p", { class: "quiet" }, hint), copyButton("counted.copy", pre)), pre);
}

/** The name of a place that people read: a scope, and a service of it. */
export function named(page, scope, service) {
  const label = page.services.find((entry) => entry.name === service)?.label ?? service;
  return service ? `${scope} · ${label}` : scope;
}

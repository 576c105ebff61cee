// Small pieces that more than one view shows: an outcome, a table that becomes cards on a phone, a section, a command.

import { foreign, h, icon } from "./dom.js";
import { known, say } from "./words.js";

const FIRST = 12;
const SIGNS = { ok: "check", failed: "cross", held: "pause", never: "dash", running: "sync" };

/** An outcome as sign and word, because colour alone says nothing. */
export function outcome(value) {
  const kind = SIGNS[value] ? value : "never";
  return h("span", { class: `outcome ${kind}` }, icon(SIGNS[kind]), known("outcome.", value));
}

/** Why the last try failed, in a line of its own; nothing if it did not fail. */
export function failureOf({ failed_step: step, failure }) {
  if (step === null) return null;
  return h("p", { class: "error failure" }, say(`failure.${step}`), failure && [": ", foreign(failure)]);
}

/** The same for a service among others: what failed before its own step stands once, with the scope. */
export function ownFailureOf(serviceTotals) {
  return serviceTotals.failed_step === "transfer" ? failureOf(serviceTotals) : failureOf({ ...serviceTotals, failure: null });
}

export function section(id, title, ...content) {
  const heading = h("h2", { id: `${id}-title`, tabindex: "-1" }, title);
  return h(
    "section",
    { id, class: "card", "aria-labelledby": heading.id },
    h("div", { class: "card-head" }, heading),
    ...content,
  );
}

export function note(...content) {
  return h("p", { class: "note" }, ...content);
}

/** A table: `heads` are {label, kind}, `bodies` lists of rows; a row is a list of cells, the one at `rowHead` naming it. */
export function table(name, heads, bodies, rowHead = 0) {
  const head = h(
    "tr",
    {},
    heads.map((head) => h("th", { scope: "col", class: head.kind }, head.label)),
  );
  return h(
    "div",
    { class: "scroll", role: "group", "aria-labelledby": `${name}-title`, tabindex: "0" },
    h(
      "table",
      { class: "stack", "aria-labelledby": `${name}-title` },
      h("thead", {}, head),
      bodies.map((rows) => body(heads, rows, rowHead)),
    ),
  );
}

function body(heads, rows, rowHead) {
  return h(
    "tbody",
    {},
    rows.map((row) =>
      row instanceof Node
        ? row
        : h(
            "tr",
            {},
            row.map((cell, i) => cellOf(heads[i], cell, i === rowHead)),
          ),
    ),
  );
}

function cellOf(head, content, isHead) {
  const props = { class: head.kind, "data-label": head.label };
  if (isHead) return h("th", { ...props, scope: "row" }, content);
  const cell = h("td", props, h("div", {}, content));
  cell.classList.toggle("empty", cell.textContent === "");
  return cell;
}

/** A column's head, by the key of its words. */
export function head(key, kind) {
  return { label: say(key), kind };
}

/** The first few of a list as `render` shows them, and a button that shows all. */
export function shortened(list, render) {
  const place = h("div", {});
  const more = h("button", { type: "button", onclick: () => show(list.length) }, say("list.all", { n: list.length }));
  const show = (count) => {
    place.replaceChildren(render(list.slice(0, count)), ...(count < list.length ? [note(more)] : []));
  };
  show(FIRST);
  return place;
}

/** One line for a shell, its words quoted where they need it. */
export function command(words) {
  return h(
    "code",
    { class: "command", dir: "ltr" },
    words.map((word, i) => [i ? " " : "", h("span", { class: "word" }, foreign(quoted(word)))]),
  );
}

export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

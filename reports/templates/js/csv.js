// A list as a CSV file: made in parts, so that the page stays quick, and safe to open in a spreadsheet.

import { wordOf } from "./filters.js";
import { reason } from "./why.js";
import { known, say } from "./words.js";

const ROWS_AT_ONCE = 1000;
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/; // blanks before it, and its full-width form, do not stop a spreadsheet
const COLUMNS = ["sku", "name", "type", "visibility", "stock", "updated", "state", "why"];

/** A text as a cell: quoted, and with an apostrophe before it where a spreadsheet would take it for a formula. */
export function cell(value) {
  const text = String(value ?? "");
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

/** The lines of a file, its head first, as parts of many rows; between two parts the page can react to its reader. */
export async function csvParts(rows, atOnce = ROWS_AT_ONCE) {
  const parts = [`\ufeff${lineOf(COLUMNS.map((name) => say(name)))}`];
  let lines = [];
  for await (const row of rows) {
    if (lines.push(lineOf(cells(row))) < atOnce) continue;
    parts.push(lines.join(""));
    lines = [];
    await pause();
  }
  return [...parts, lines.join("")];
}

/** Hand a file to the reader. */
export function save(name, texts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(texts, { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function cells(row) {
  const at = row.updated === null ? "" : new Date(row.updated).toISOString();
  const stock = known("stock.", row.stock);
  return [row.sku, row.name, row.type, visibilityOf(row), stock, at, say(row.state), reason(row)];
}

function visibilityOf({ visibility }) {
  return visibility && wordOf("visibility", visibility.join(",") || "none");
}

function lineOf(values) {
  return `${values.map(cell).join(",")}\r\n`;
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve));
}

// Rows that are all at hand: filtered, counted, and sorted by any column.

export const FILTERS = ["type", "visibility", "stock", "reason"];

/** A column's value as the address has it: a list of places is one word, an empty one "none", no value "". */
export function keyOf(value) {
  if (Array.isArray(value)) return value.join(",") || "none";
  return value ?? "";
}

/** Whether a row, or anything with its columns, is what the filters leave; `but` names a filter to ignore. */
export function passes(row, request, but) {
  return FILTERS.every((column) => column === but || !request[column] || keyOf(row[column]) === request[column]);
}

/** For each filter, how many rows each of its values would leave, the other filters as they are, as [key, count]; `many` says how many rows one entry stands for. */
export function countsOf(rows, request, many = () => 1) {
  return Object.fromEntries(FILTERS.map((column) => [column, countsIn(rows, request, column, many)]));
}

function countsIn(rows, request, column, many) {
  const counts = new Map();
  for (const row of rows) {
    if (!passes(row, request, column)) continue;
    const key = keyOf(row[column]);
    counts.set(key, (counts.get(key) ?? 0) + many(row));
  }
  return [...counts].filter(([key, n]) => key && n).sort((a, b) => b[1] - a[1]);
}

/** Rows in the order of a column; a minus before it turns the order. Rows without a time are last either way. */
export function sorted(rows, sort, collator) {
  const column = sort.replace(/^-/, "");
  const sign = sort.startsWith("-") ? -1 : 1;
  const inOrder = [...rows].sort((a, b) => newestFirst(a, b) || a.doc - b.doc);
  if (column === "updated") return sign < 0 ? oldestFirst(inOrder) : inOrder;
  const ranks = ranksOf(inOrder, column, collator);
  return inOrder.sort((a, b) => sign * (ranks.get(textOf(a, column)) - ranks.get(textOf(b, column))));
}

function newestFirst(a, b) {
  if (a.at === null || b.at === null) return (a.at === null) - (b.at === null);
  return b.at - a.at;
}

function oldestFirst(rows) {
  return [...rows.filter((row) => row.at !== null).reverse(), ...rows.filter((row) => row.at === null)];
}

/** The rank of each text: those that occur often are compared once. */
function ranksOf(rows, column, collator) {
  const texts = [...new Set(rows.map((row) => textOf(row, column)))].sort(collator.compare);
  return new Map(texts.map((text, i) => [text, i]));
}

function textOf(row, column) {
  return String(row[column] ?? "");
}

/** How texts of a scope are sorted: by its own language where its name is one. */
export function collatorOf(scope) {
  try {
    return new Intl.Collator(scope.replaceAll("_", "-"), { numeric: true });
  } catch {
    return new Intl.Collator(undefined, { numeric: true });
  }
}

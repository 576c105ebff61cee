// A scope's data file, laid out for reading: times from their steps, and quarantined records beside the products.

/** The columns of the scope's versions, and after them one row for each quarantined record. */
export function withQuarantine(stored) {
  const { sku, name } = stored.quarantined;
  return {
    payloads: stored.payloads,
    sku: [...stored.sku, ...sku.map((one) => one ?? "")],
    name: [...stored.name, ...name],
    type: longer(stored.type, sku.length),
    visibility: longer(stored.visibility, sku.length),
    stock: longer(stored.stock, sku.length),
    quarantined: stored.quarantined,
    versions: stored.sku.length,
  };
}

/** A column with rows of no value at its end. */
function longer(column, more) {
  return { values: [...column.values, null], of: [...column.of, ...new Array(more).fill(column.values.length)] };
}

/** One service's list: arrays by place, newest first, quarantined records last. */
export function decode(stored, columns) {
  const { rows, received, told, state, words, flags } = stored ?? NOTHING;
  const quarantined = columns.quarantined.sku;
  const none = quarantined.map(() => null);
  const own = new Set(rows.map((row) => columns.sku[row]));
  const list = {
    rows: [...rows, ...quarantined.map((_, i) => columns.versions + i)],
    at: [...times(received), ...none],
    held: [...flags.map((sum) => Boolean(sum & HELD)), ...quarantined.map(() => false)],
    told: [...times(told), ...none],
    state: [...valuesOf(state), ...quarantined.map(() => "quarantined")],
    words: [...valuesOf(words), ...columns.quarantined.sentence],
    flags: [...flags, ...none],
    isRepeated: [...rows.map(() => false), ...quarantined.map((sku) => sku !== null && own.has(sku))],
  };
  return { ...list, toldOf: (place) => toldOf(list, place) };
}

const HELD = 16;
const NOTHING = { rows: [], received: [], told: [], flags: [], state: { of: [] }, words: { of: [] } };

function toldOf({ held, state, flags, isRepeated }, place) {
  return { held: held[place], state: state[place], flags: flags[place], isRepeated: isRepeated[place] };
}

function valuesOf({ values, of }) {
  return of.map((i) => values[i]);
}

/** Times from the milliseconds to each from the one before; none stays none. */
function times(steps) {
  let ms = 0;
  return steps.map((step) => (step === null ? null : (ms -= step)));
}

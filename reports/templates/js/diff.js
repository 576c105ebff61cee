// What changed from one version of a product to the next, field by field.

/** [{field, before, after}] of two payloads (either may be null), texts as people read them; attributes are fields too. */
export function changes(before, after) {
  const [old, now] = [fields(before), fields(after)];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names]
    .filter((field) => old.get(field) !== now.get(field))
    .map((field) => ({ field, before: old.get(field) ?? "", after: now.get(field) ?? "" }));
}

const NEVER = ["sku", "scope"];

function fields(payload) {
  const own = Object.entries(payload ?? {}).filter(([name]) => !NEVER.includes(name) && name !== "attributes");
  const attributes = (payload?.attributes ?? []).map(({ code, values }) => [`attributes.${code}`, text(values)]);
  return new Map([...own.map(([name, value]) => [name, text(value)]), ...attributes].filter(([, value]) => value !== ""));
}

function text(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(text).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

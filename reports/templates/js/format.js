// Numbers and times as the reader's own locale and zone have them; UTC stands in the title of every time.

const numbers = new Intl.NumberFormat();
const tenths = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const hours = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const days = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const exact = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
});

export function number(value) {
  return numbers.format(value);
}

/** A number with at most one place behind the point. */
export function decimal(value) {
  return tenths.format(value);
}

export function dateTime(ms) {
  return short.format(ms);
}

/** When a step of time ends: an hour by the clock, a day by its date. */
export function stepAt(ms, unit) {
  return (unit === "day" ? days : hours).format(ms);
}

export function withZone(ms) {
  return exact.format(ms);
}

export function utc(ms) {
  return `${new Date(ms).toISOString().replace("T", " ").slice(0, 19)} UTC`;
}

/** How long `ms` lies before `now`, as a key of the words and its number. */
export function age(ms, now) {
  const minutes = Math.floor((now - ms) / 60000);
  if (minutes < -1) return ["ago.future", 0];
  if (minutes < 1) return ["ago.now", 0];
  if (minutes < 60) return ["ago.minutes", minutes];
  if (minutes < 48 * 60) return ["ago.hours", Math.floor(minutes / 60)];
  return ["ago.days", Math.floor(minutes / 1440)];
}

// Numbers and times as the reader's own locale and zone have them; UTC stands in the title of every time.

const numbers = new Intl.NumberFormat();
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const hours = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
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

export function dateTime(ms) {
  return short.format(ms);
}

export function clock(ms) {
  return hours.format(ms);
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

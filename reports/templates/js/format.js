// Numbers and times in English, as the page's words are, with the habits of the reader's region, hour cycle and zone;
// UTC stands in the title of every time.

const LOCALE = english();
const numbers = new Intl.NumberFormat(LOCALE);
const tenths = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const percents = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });
const short = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const hours = new Intl.DateTimeFormat(LOCALE, { timeStyle: "short" });
const days = new Intl.DateTimeFormat(LOCALE, { month: "short", day: "numeric" });
const exact = new Intl.DateTimeFormat(LOCALE, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
  timeZoneName: "short",
});

/** English as it is written in the reader's region: `en-DE` for a German, with Latin digits and the common calendar. */
function english() {
  const { region } = new Intl.Locale(navigator.language).maximize();
  const { hourCycle } = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions();
  return new Intl.Locale("en", { region, hourCycle, calendar: "gregory", numberingSystem: "latn" });
}

export function number(value) {
  return numbers.format(value);
}

/** A number with at most one place behind the point. */
export function decimal(value) {
  return tenths.format(value);
}

/** A share as per cent, with at most one place behind the point. */
export function percent(share) {
  return percents.format(share);
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

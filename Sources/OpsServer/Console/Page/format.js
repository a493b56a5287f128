// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** 1,234; from a hundred thousand on 123.5K. */
export const count = (value) => (value < 100_000 ? whole : compact).format(value);

/** A second: 0, 0.3, 12, 1,234. */
export const rate = (value) => (value === 0 ? "0" : value < 10 ? value.toFixed(1) : count(value));

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 0.001) return "<1 ms";
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  if (value < 10) return `${value.toFixed(1)} s`;
  return span(value);
}

/** 12 s, 3 min, 2 h, 4 d. */
export function span(value) {
  const length = Math.max(0, Math.round(value));
  if (length < 100) return `${length} s`;
  if (length < 5_400) return `${Math.round(length / 60)} min`;
  if (length < 129_600) return `${Math.round(length / 3_600)} h`;
  return `${Math.round(length / 86_400)} d`;
}

const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** 14:03:11, with the day where it is another one. */
export function clock(time) {
  const date = new Date(time);
  const day = date.toDateString() === new Date().toDateString() ? "" : `${dayFormat.format(date)} `;
  return day + clockFormat.format(date);
}

export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;

/** JSON without the spaces between its tokens. In one pass: a payload may have a hundred thousand of them. */
const dense = (json) => json.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, "$1");

/** JSON with a member a line. Numbers that JavaScript cannot hold would be shown as others: then it is shown as it is. */
export function pretty(body) {
  try {
    const value = JSON.parse(body);
    return JSON.stringify(value) === dense(body) ? JSON.stringify(value, null, 2) : body;
  } catch {
    return body;
  }
}

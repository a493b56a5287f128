// What the page knows, as the stream told it.

import { judge, needsAttention, worstFirst } from "./health.js";

const REMEMBERED = 100;

export const store = {
  /** By name. */
  subscriptions: new Map(),
  topics: [],
  /** The newest last. */
  changes: [],
  notReady: [],
  refusedProblems: 0,
  version: "",
  startedAt: null,
  /** Of the bridge, in milliseconds; null until it was heard. */
  at: null,
  /** By how much the bridge's clock is ahead of this one. */
  ahead: 0,
  isLive: false,
  /** Whether this bridge sends test events when it is told to. */
  canTest: false,
  /** Whether this replica can be asked about attempts; null until it is known. */
  hasReceiptIndex: null,
};

/** The bridge's time: ages must not depend on the clock of who looks. */
export const now = () => Date.now() + store.ahead;

export function take(name, data) {
  if (name === "snapshot") {
    store.subscriptions = new Map();
    store.changes = [];
  }
  for (const subscription of data.subscriptions) store.subscriptions.set(subscription.name, subscription);
  for (const gone of data.removed) store.subscriptions.delete(gone);
  store.changes = [...store.changes, ...data.changes].slice(-REMEMBERED);
  store.topics = data.topics;
  store.notReady = data.notReady;
  store.refusedProblems = data.refusedProblems;
  store.version = data.version;
  store.startedAt = Date.parse(data.startedAt);
  store.at = Date.parse(data.at);
  store.ahead = store.at - Date.now();
}

/** All that match: [{subscription, judged}], the worst first. */
export function found({ text = "", state = "", topic = "" } = {}) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [...store.subscriptions.values()].filter((subscription) => {
    if (topic && subscription.topic !== topic) return false;
    if (state === "attention" ? !needsAttention(judge(subscription, now()).rank) : state && subscription.state !== state) return false;
    if (!words.length) return true;
    const line = `${subscription.name} ${subscription.topic} ${subscription.owner} ${subscription.reason}`.toLowerCase();
    return words.every((word) => line.includes(word));
  });
  return worstFirst(all, now());
}

export function totals() {
  const sum = { subscriptions: 0, attention: 0, delivered: 0, failed: 0, lag: 0, inFlight: 0, deadLetters: 0 };
  for (const subscription of store.subscriptions.values()) {
    sum.subscriptions += 1;
    if (needsAttention(judge(subscription, now()).rank)) sum.attention += 1;
    for (const name of ["delivered", "failed", "lag", "inFlight", "deadLetters"]) sum[name] += subscription[name] ?? 0;
  }
  return sum;
}

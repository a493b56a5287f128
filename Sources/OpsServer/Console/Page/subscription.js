// One subscription: what is wrong, since when, how the last hour was, and what can be done.

import { h, setText, reconcile } from "./dom.js";
import { clock, count, plural, rate, seconds, span } from "./format.js";
import { age, judge, pill, remedy, why } from "./health.js";
import { get, post } from "./connection.js";
import { now, store } from "./store.js";
import { chart } from "./chart.js";
import { ask } from "./dialog.js";
import { attempts } from "./deliveries.js";
import { jobList } from "./jobs.js";
import { replay } from "./replay.js";

/** A sample every so often; the same for cursors. */
const REFRESH = 5_000;

export function subscriptionPage(name) {
  const path = `api/v1/subscriptions/${encodeURIComponent(name)}`;
  const closed = new AbortController();
  let detail = null;
  let samples = [];
  let asked = 0;

  const state = h("p", { class: "standing" });
  const reason = h("p", { class: "reason" });
  const advice = h("p", { class: "note" });
  const people = h("ul", { class: "people" });
  const result = h("p", { class: "result", role: "status" });
  const progress = h("div", { class: "result", role: "status" });
  const jobs = jobList(name);
  const buttons = h("div", { class: "buttons" });
  const figures = h("dl", { class: "tiles" });
  const charts = [
    chart("Events and failed attempts a second", [
      { name: "delivered", className: "good", value: (sample) => sample.delivered }, { name: "failed", className: "bad", value: (sample) => sample.failed }], rate),
    chart("Records behind", [{ name: "behind", className: "accent", value: (sample) => sample.lag }], count),
    chart("Duration of attempts", [
      { name: "median", className: "accent", value: (sample) => sample.median }, { name: "p99", className: "warn", value: (sample) => sample.slowest }], seconds),
    chart("From the event's time to its delivery, p99", [{ name: "delay", className: "accent", value: (sample) => sample.delay }], seconds),
  ];
  const recent = attempts({ question: { subscription: name }, none: "There is no such attempt." });
  const failed = h("input", { type: "checkbox", onchange: () => recent.ask(failed.checked ? { subscription: name, failed: true } : { subscription: name }) });
  const onlyFailed = h("label", { class: "check" }, failed, "Only failed ones");
  const cursors = h("tbody", {});
  const counters = h("dl", { class: "pairs" });
  const missing = h("p", { class: "empty" }, "There is no subscription of this name on this replica. ", h("a", { href: "#/" }, "Overview"));
  const where = h("p", { class: "note" });
  const content = h("div", {},
    h("section", { class: "panel head", "aria-label": "State" }, h("h1", {}, name), where, state, reason, advice, people, buttons, result, progress,
      h("p", { class: "links" }, h("a", { href: `#/dead-letters/of/${encodeURIComponent(name)}` }, "Its dead letters"))),
    jobs.element, figures, h("div", { class: "charts" }, charts.map(({ element }) => element)),
    h("section", { class: "panel", "aria-label": "Recent attempts" },
      h("div", { class: "title" }, h("h2", {}, "Recent attempts"), onlyFailed), recent.element),
    h("div", { class: "columns" },
      h("section", { class: "panel", "aria-label": "Cursors" }, h("h2", {}, "Cursors"),
        h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Partition"), ["Offset", "Behind", "Oldest"].map((text) => h("th", { scope: "col", class: "n" }, text)))), cursors)),
      h("section", { class: "panel", "aria-label": "Counters" }, h("h2", {}, "Since the start"), counters)));
  const element = h("div", { class: "subscription" }, h("p", { class: "back" }, h("a", { href: "#/" }, "All subscriptions")), missing, content);

  // MARK: Changing

  function said(answer) {
    const silent = answer.silent?.length ? ` ${plural(answer.silent.length, "replica")} did not answer: ${answer.silent.join(", ")}.` : "";
    setText(result, `Done, on ${plural(answer.replicas, "replica")}.${silent}`);
    refresh();
  }

  const actions = {
    pause: () => ask({
      title: `Pause ${name}`, text: "Nothing more is sent. Events wait in Kafka until it is resumed, so mind the topic's retention.", verb: "Pause", path: `${path}/pause`, done: said }),
    resume: () => ask({ title: `Resume ${name}`, text: "It goes on where it stood.", verb: "Resume", path: `${path}/resume`, done: said }),
    resumeFromNow: () => ask({
      title: `Resume ${name} from now`, text: "What has come until now is left out: it is not delivered.", fixed: { fromNow: true }, verb: "Leave out and resume", danger: true,
      path: `${path}/resume`, done: said }),
    seek: () => ask({
      title: `Move ${name}`, text: "Backwards, events are delivered again; forwards, those in between are not delivered.", verb: "Move", danger: true, path: `${path}/seek`, done: said,
      fields: [{ name: "to", label: "To", required: true, placeholder: "1h", options: ["earliest", "latest", "15m", "1h", "1d"], note: "earliest, latest, how long ago (1h), a time (2026-05-01T08:00:00Z), an offset, or partition=offset,..." }] }),
    replay: () => replay(store.subscriptions.get(name), progress, closed.signal, jobs.refresh),
    test: async () => {
      setText(result, "Sending a test event");
      try {
        const { accepted, status, message, milliseconds } = await post(`${path}/test`, {});
        setText(result, accepted ? `The endpoint took the test event: ${status}, after ${milliseconds} ms.` : `The endpoint did not take the test event: ${message}.`);
      } catch (error) {
        setText(result, error.message);
      }
    },
  };

  function showButtons(subscription) {
    const stands = subscription.state === "paused" || subscription.state === "suspended";
    // The bridge takes no orders for one that it cannot use.
    const list = subscription.state === "refused" ? [] : [
      ...(stands ? [["resume", "Resume", "primary"], ["resumeFromNow", "Resume from now", ""]] : [["pause", "Pause", ""]]),
      ["seek", "Move", ""], ["replay", "Replay", ""], ...(store.canTest ? [["test", "Send a test event", ""]] : []),
    ];
    reconcile(buttons, list, ([id]) => id, ([id, label, kind]) => h("button", { class: kind, onclick: actions[id] }, label), () => {});
  }

  // MARK: Showing

  function update() {
    const subscription = store.subscriptions.get(name);
    missing.hidden = subscription !== undefined;
    content.hidden = subscription === undefined;
    if (!subscription) return;
    const judged = judge(subscription, now());
    setText(where, [subscription.topic, subscription.owner].filter(Boolean).join(" · "));
    const key = `${subscription.state} ${judged.health}`;
    if (state.dataset.key !== key) {
      state.dataset.key = key;
      state.replaceChildren(h("span", { class: `pill ${judged.health}` }, pill(subscription.state, judged.health)), h("span", {}));
    }
    setText(state.lastChild, ` for ${span((now() - subscription.since) / 1000)}, since ${clock(subscription.since)}`);
    setText(reason, why(subscription, now()));
    setText(advice, remedy(subscription));
    showButtons(subscription);
    reconcile(figures, [
      ["Delivered", `${rate(subscription.delivered)}/s`], ["Failed", `${rate(subscription.failed)}/s`], ["Behind", count(subscription.lag)],
      ["Oldest", subscription.lag && subscription.oldest !== undefined ? span(age(subscription, now())) : "–"],
      ["In flight", `${count(subscription.inFlight)} of ${count(subscription.concurrency)}`], ["To be tried again", count(subscription.waiting)], ["Dead letters", count(subscription.deadLetters)],
    ], ([label]) => label, ([label]) => h("div", {}, h("dt", {}, label), h("dd", {})), (tile, [, value]) => setText(tile.lastChild, value));
    // The newest point is of this second.
    const { delivered, failed, lag, median, slowest } = subscription;
    for (const { draw } of charts) draw([...samples, { at: now(), delivered, failed, lag, median, slowest }], now());
    if (Date.now() - asked > REFRESH) refresh();
    onlyFailed.hidden = !store.hasReceiptIndex;
    recent.update();
    jobs.update();
  }

  async function refresh() {
    asked = Date.now();
    try {
      const [history, found] = await Promise.all([get(`${path}/history`, closed.signal), get(path, closed.signal)]);
      samples = history.samples;
      detail = found;
      showDetail();
      update();
    } catch {
      // The stream says when the bridge is away, and `missing` when the subscription is.
    }
  }

  function showDetail() {
    const words = [];
    const told = (what, change) => words.push({ key: what, text: `${what} ${clock(Date.parse(change.at))} by ${change.by}${change.reason ? `: ${change.reason}` : ""}` });
    if (detail.pause) told(detail.pause.paused ? "Paused" : "Resumed", detail.pause);
    if (detail.suspension) told("Suspended", detail.suspension);
    if (detail.seek) {
      const left = detail.seek.outstanding.length ? ` (${plural(detail.seek.outstanding.length, "partition")} to go)` : "";
      told(`Moved to ${detail.seek.to}${left}`, detail.seek);
    }
    reconcile(people, words, ({ key }) => key, () => h("li", {}), (line, { text }) => setText(line, text));
    reconcile(cursors, detail.cursors, ({ partition }) => partition, ({ partition }) => h("tr", {}, h("th", { scope: "row" }, partition), [1, 2, 3].map(() => h("td", { class: "n" }))), (row, cursor) => {
      setText(row.children[1], String(cursor.offset));
      setText(row.children[2], count(cursor.lag) + (cursor.lagging ? ", read back" : ""));
      setText(row.children[3], cursor.lag && cursor.oldest !== undefined ? span((now() - cursor.oldest) / 1000) : "–");
    });
    const { deadLettersByKind, ...sums } = detail.counters;
    const pairs = [...Object.entries(sums).map(([key, value]) => [sentence(key), value]), ...Object.entries(deadLettersByKind).map(([kind, value]) => [`Dead letters: ${kind}`, value])];
    reconcile(counters, pairs, ([label]) => label, ([label]) => h("div", {}, h("dt", {}, label), h("dd", {})), (pair, [, value]) => setText(pair.lastChild, count(value)));
  }

  function close() {
    closed.abort();
    recent.close();
    jobs.close();
    for (const chart of charts) chart.close();
  }

  return { title: name, element, update, close };
}

/** retriesScheduled: Retries scheduled. */
const sentence = (name) => name.charAt(0).toUpperCase() + name.slice(1).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

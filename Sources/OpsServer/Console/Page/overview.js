// Which subscription hurts: sums, the picture, and all subscriptions with the worst first.

import { h, setText, setAttribute, reconcile } from "./dom.js";
import { clock, count, plural, rate, seconds, span } from "./format.js";
import { age, pill, stateNames, why, word } from "./health.js";
import { found, now, store, totals } from "./store.js";
import { flow } from "./flow.js";

const PIECE = 50;

/** What was looked for outlives a visit to another page. */
const wanted = { text: "", state: "", topic: "" };

export function overviewPage() {
  let shown = PIECE;
  const headline = h("h1", {});
  const tiles = h("dl", { class: "tiles" });
  const search = h("input", { type: "search", placeholder: "Name, topic, owner, reason", "aria-label": "Search subscriptions", value: wanted.text, oninput: () => look({ text: search.value }) });
  const state = h("select", { "aria-label": "State", onchange: () => look({ state: state.value }) },
    h("option", { value: "" }, "All states"), h("option", { value: "attention" }, "Needs attention"), stateNames.map((name) => h("option", { value: name }, word(name))));
  const topic = h("select", { "aria-label": "Topic", onchange: () => look({ topic: topic.value }) });
  const number = h("p", { class: "note", role: "status" });
  const picture = flow((topic, state) => {
    look({ topic, state });
    table.scrollIntoView({ block: "start" });
  });
  const body = h("tbody", {});
  const table = h("table", { class: "subscriptions" },
    h("thead", {}, h("tr", {}, [["State"], ["Subscription"], ["Owner"], ["Delivered/s", "n"], ["Failed/s", "n"], ["Behind", "n"], ["Oldest", "n"], ["p99", "n"], ["In flight", "n"], ["Dead letters", "n"]]
      .map(([text, kind]) => h("th", { scope: "col", class: kind }, text)))), body);
  const more = h("button", { onclick: () => ((shown += PIECE * 2), update()) });
  const changes = h("ol", { class: "changes" });
  const empty = h("p", { class: "empty" });

  function look(change) {
    Object.assign(wanted, change);
    shown = PIECE;
    update();
  }

  function update() {
    const sums = totals();
    setText(headline, sums.attention ? `${count(sums.attention)} of ${plural(sums.subscriptions, "subscription")} ${sums.attention === 1 ? "needs" : "need"} attention`
      : sums.subscriptions ? `All is well with ${plural(sums.subscriptions, "subscription")}` : "No subscriptions yet");
    setAttribute(headline, "class", sums.attention ? "bad" : "good");
    reconcile(tiles, [["Delivered", `${rate(sums.delivered)}/s`], ["Failed", `${rate(sums.failed)}/s`], ["Behind", count(sums.lag)], ["In flight", count(sums.inFlight)], ["Dead letters", count(sums.deadLetters)]],
      ([name]) => name, ([name]) => h("div", {}, h("dt", {}, name), h("dd", {})), (tile, [, value]) => setText(tile.lastChild, value));
    const names = [...new Set([...store.subscriptions.values()].map((subscription) => subscription.topic))].sort();
    reconcile(topic, ["", ...names], (name) => name, (name) => h("option", { value: name }, name || "All topics"), () => {});
    state.value = wanted.state;
    topic.value = wanted.topic;
    const lines = found(wanted);
    picture.draw(lines, store.topics);
    setText(number, lines.length === store.subscriptions.size ? "" : `${count(lines.length)} of ${count(store.subscriptions.size)}`);
    reconcile(body, lines.slice(0, shown), ({ subscription }) => subscription.name, makeRow, fillRow);
    more.hidden = lines.length <= shown;
    setText(more, `Show more of ${count(lines.length - shown)}`);
    table.hidden = lines.length === 0;
    empty.hidden = lines.length > 0;
    setText(empty, store.subscriptions.size ? "Nothing is like that." : "There is no subscription in the manifests. docs/MANIFESTS.md shows how to write the first.");
    reconcile(changes, store.changes.slice(-12).reverse(), (change) => `${change.at} ${change.subscription}`, makeChange, () => {});
    recent.hidden = store.changes.length === 0;
  }

  const recent = h("section", { class: "panel", "aria-label": "What changed" }, h("h2", {}, "What changed"), changes);
  const element = h("div", { class: "overview" }, h("div", { class: "top" }, headline, tiles),
    h("div", { class: "filters", role: "search" }, search, state, topic, number),
    h("section", { class: "panel picture", "aria-label": "Flow" }, picture.element),
    h("section", { class: "panel", "aria-label": "Subscriptions" }, h("h2", {}, "Subscriptions, the worst first"), table, empty, more), recent);
  return { title: "Overview", element, update, close: picture.close };
}

// MARK: Rows

function makeRow({ subscription }) {
  const cell = (label, kind) => h("td", { class: kind, "data-label": label });
  return h("tr", {}, cell("State", "state"),
    h("th", { scope: "row" }, h("a", { href: `#/subscriptions/${encodeURIComponent(subscription.name)}` }, subscription.name), h("span", { class: "where" }), h("span", { class: "why" })),
    cell("Owner", "owner"), ["Delivered/s", "Failed/s", "Behind", "Oldest", "p99", "In flight", "Dead letters"].map((label) => cell(label, "n")));
}

function fillRow(row, { subscription, judged }) {
  const [state, name, owner, delivered, failed, lag, oldest, slowest, inFlight, dead] = row.children;
  setAttribute(row, "class", judged.health);
  const key = `${subscription.state} ${judged.health}`;
  if (state.dataset.key !== key) {
    state.dataset.key = key;
    state.replaceChildren(h("span", { class: `pill ${judged.health}` }, pill(subscription.state, judged.health)), h("span", { class: "since" }));
  }
  setText(state.lastChild, subscription.state === "delivering" ? "" : span((now() - subscription.since) / 1000));
  setText(name.children[1], subscription.topic);
  setText(name.children[2], why(subscription, now()));
  setText(owner, subscription.owner);
  setText(delivered, rate(subscription.delivered));
  setText(failed, rate(subscription.failed));
  setText(lag, count(subscription.lag));
  setText(oldest, subscription.lag && subscription.oldest !== undefined ? span(age(subscription, now())) : "–");
  setText(slowest, seconds(subscription.slowest));
  setText(inFlight, `${count(subscription.inFlight)}/${count(subscription.concurrency)}`);
  setText(dead, count(subscription.deadLetters));
}

function makeChange(change) {
  const what = change.to === undefined ? "is gone" : change.from === undefined ? "is new" : `${word(change.from)} → ${word(change.to)}`;
  const more = [change.by && `by ${change.by}`, change.reason].filter(Boolean).join(": ");
  return h("li", {}, h("time", { datetime: change.at }, clock(Date.parse(change.at))),
    h("a", { href: `#/subscriptions/${encodeURIComponent(change.subscription)}` }, change.subscription), h("span", {}, what), more && h("span", { class: "why" }, more));
}

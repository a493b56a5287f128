// Attempts to deliver events, from the index of receipts: of a subscription, or of one event.

import { h, setText, reconcile } from "./dom.js";
import { clock, plural, seconds } from "./format.js";
import { get } from "./connection.js";
import { store } from "./store.js";

const REFRESH = 5_000;
const PIECE = 15;
const MOST = 500;

const OFF = "This bridge keeps no index of receipts. receipts.index.enabled: true in its configuration makes one; fanfare deliveries reads the topic without.";
const CLASSES = { success: "good", retry: "warn", refused: "bad" };

/** "retry until 14:03:11", "dead-letter: http". */
const following = ({ step, due, kind }) => (due ? `${step} until ${clock(Date.parse(due))}` : kind ? `${step}: ${kind}` : step);

const place = (attempt, { partition, offset }) => `${attempt.topic}-${partition}-${offset}`;
const page = (path, name) => `#/${path}/${encodeURIComponent(name)}`;

/** A table of what `question` asks for, the newest first: {element, ask(question), refresh(), close()}. */
export function attempts({ question, withSubscription = false, none }) {
  const closed = new AbortController();
  let wanted = PIECE;
  let asked = 0;
  let latest = 0;
  const rows = h("tbody", {});
  const headings = ["Time", ...(withSubscription ? ["Subscription"] : []), "Event", "Attempt", "Result", "Took", "What next"];
  const table = h("table", {}, h("thead", {}, h("tr", {}, headings.map((text) => h("th", { scope: "col", class: ["Attempt", "Took"].includes(text) ? "n" : null }, text)))), rows);
  const note = h("p", { class: "note", role: "status" });
  const older = h("button", { type: "button", onclick: () => ((wanted = Math.min(MOST, 3 * wanted)), refresh()) }, "Show older ones");
  const more = h("div", { class: "buttons" }, older);
  const element = h("div", { class: "attempts" }, table, note, more);
  table.hidden = true;
  more.hidden = true;

  function create(attempt) {
    const event = attempt.events[0];
    const name = event ? event.id ?? place(attempt, event) : attempt.webhookId ?? "–";
    const next = event?.next ? following(event.next) : "–";
    const others = attempt.count > 1 ? ` and ${attempt.count - 1} more` : "";
    const said = [attempt.status, attempt.failure].find((value) => value !== undefined);
    return h("tr", { class: CLASSES[attempt.result] ?? "idle" },
      h("td", { class: "time", "data-label": "Time" }, h("time", { datetime: attempt.time }, clock(Date.parse(attempt.time)))),
      withSubscription && h("td", { "data-label": "Subscription" }, h("a", { href: page("subscriptions", attempt.subscription) }, attempt.subscription)),
      h("th", { scope: "row" }, h("a", { href: page("deliveries", name) }, name), others),
      h("td", { class: "n", "data-label": "Attempt" }, event?.attempt ?? attempt.attempt),
      h("td", { "data-label": "Result" }, h("span", { class: `pill ${CLASSES[attempt.result] ?? "idle"}` }, said === undefined ? attempt.result : `${attempt.result} ${said}`)),
      h("td", { class: "n", "data-label": "Took" }, seconds(attempt.durationSeconds)),
      h("td", { class: "next", "data-label": "What next" }, next, attempt.message && h("span", { class: "why" }, attempt.message)));
  }

  function show(deliveries, index, next) {
    reconcile(rows, deliveries.map((attempt, i) => ({ attempt, i })), ({ attempt, i }) => keyOf(attempt, deliveries, i), ({ attempt }) => create(attempt), () => {});
    table.hidden = deliveries.length === 0;
    more.hidden = next === undefined || wanted >= MOST;
    const late = index.behind > 0 ? ` The index is ${plural(index.behind, "receipt")} behind.` : "";
    const since = index.oldest ? ` It goes back to ${clock(Date.parse(index.oldest))}.` : "";
    setText(note, deliveries.length ? late.trim() : `${none}${late}${since}`);
  }

  async function refresh() {
    if (store.hasReceiptIndex === null) return;
    asked = Date.now();
    if (!store.hasReceiptIndex) {
      setText(note, OFF);
      return;
    }
    const mine = ++latest;
    const query = new URLSearchParams({ ...question, limit: wanted });
    try {
      const { deliveries, index, next } = await get(`api/v1/deliveries?${query}`, closed.signal);
      // An answer to a question that nobody asks any more is not shown.
      if (mine === latest) show(deliveries, index, next);
    } catch (error) {
      if (!closed.signal.aborted && mine === latest) setText(note, error.message);
    }
  }

  return {
    element,
    refresh,
    /** Asks again where the answer is old and somebody sees it. */
    update: () => document.visibilityState === "visible" && Date.now() - asked > REFRESH && refresh(),
    ask(other) {
      question = other;
      wanted = PIECE;
      refresh();
    },
    close: () => closed.abort(),
  };
}

/** Nothing names an attempt, so those that say the same are counted from the oldest one: a new one moves no other. */
function keyOf(attempt, all, i) {
  const word = JSON.stringify(attempt);
  let same = 0;
  for (let j = i + 1; j < all.length; j += 1) if (all[j].time === attempt.time && JSON.stringify(all[j]) === word) same += 1;
  return `${same} ${word}`;
}

/** What happened to an event. */
export function deliveriesPage(event = "") {
  const list = attempts({ question: { event }, withSubscription: true, none: "There is no attempt for it." });
  const input = h("input", { type: "search", id: "event", value: event, required: true, autocomplete: "off", spellcheck: "false", placeholder: "order-4711" });
  const form = h("form", { class: "panel", role: "search", onsubmit: (submitted) => {
    submitted.preventDefault();
    const target = page("deliveries", input.value.trim());
    if (location.hash === target) list.refresh();
    else location.hash = target;
  } },
    h("h1", {}, "What happened to an event?"),
    h("div", { class: "field" }, h("label", { for: "event" }, "Event"), input, h("p", { class: "note" }, "Its id, its webhook-id, or topic-partition-offset of its record. Attempts of all replicas.")),
    h("div", { class: "buttons" }, h("button", { class: "primary" }, "Find")));
  const answer = h("section", { class: "panel", "aria-label": "Attempts" }, h("h2", {}, event ? `Attempts for ${event}` : "Attempts"), list.element);
  function update() {
    answer.hidden = !event && store.hasReceiptIndex !== false;
    if (!answer.hidden) list.update();
  }
  return { title: event || "Deliveries", element: h("div", { class: "deliveries" }, form, answer), update, close: list.close };
}

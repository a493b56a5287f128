// What could not be delivered: found, looked at, sent again.

import { h, setText, reconcile } from "./dom.js";
import { clock, count, plural, pretty } from "./format.js";
import { get, post } from "./connection.js";
import { store } from "./store.js";
import { ask } from "./dialog.js";
import { follow, jobList } from "./jobs.js";

const KINDS = ["network", "timeout", "tls", "egress-denied", "http", "poison", "window-late", "expired", "aborted", "removed", "redrive-loop"];
const AGES = [["", "Any time"], ["15m", "15 minutes"], ["1h", "An hour"], ["24h", "A day"], ["168h", "A week"]];

/** What was looked for outlives a visit to another page. */
const wanted = { topic: "", subscription: "", kind: "", since: "", search: "" };

const placeOf = ({ topic, partition, offset }) => `${topic}/${partition}/${offset}`;

/** @param subscription comes from its page. */
export function deadLettersPage(subscription) {
  if (subscription !== undefined) Object.assign(wanted, { topic: store.subscriptions.get(subscription)?.topic ?? "", subscription, kind: "", since: "", search: "" });
  const closed = new AbortController();
  let letters = [];
  let next;
  let asked = 0;
  const chosen = new Map();

  const field = (name, element) => (element.addEventListener("change", () => ((wanted[name] = element.value.trim()), find())), element);
  const option = (value, label = value) => h("option", { value }, label);
  const topic = field("topic", h("select", { "aria-label": "Topic" }));
  const kind = field("kind", h("select", { "aria-label": "Kind of failure" }, option("", "All kinds"), KINDS.map((name) => option(name))));
  const since = field("since", h("select", { "aria-label": "Written since" }, AGES.map(([value, label]) => option(value, label))));
  const owner = field("subscription", h("input", { "aria-label": "Subscription", placeholder: "Subscription", value: wanted.subscription, autocomplete: "off" }));
  const search = field("search", h("input", { type: "search", "aria-label": "Search dead letters", placeholder: "Id, status, message", value: wanted.search, autocomplete: "off" }));
  const form = h("form", { class: "filters", role: "search", onsubmit: (event) => (event.preventDefault(), search.blur(), find()) },
    search, owner, topic, kind, since, h("button", {}, "Search"));
  const number = h("p", { class: "note", role: "status" });
  const problem = h("p", { class: "problem", role: "alert" });
  const all = h("input", { type: "checkbox", "aria-label": "Select all that are shown", onchange: () => {
    for (const letter of letters) all.checked ? chosen.set(placeOf(letter), letter) : chosen.delete(placeOf(letter));
    show();
  } });
  const body = h("tbody", {});
  const table = h("table", { class: "letters" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, all),
    ["Written", "Event", "Subscription", "Failure"].map((text) => h("th", { scope: "col" }, text)), h("th", { scope: "col", class: "n" }, "Attempts"))), body);
  const more = h("button", { onclick: () => find(true) }, "Look further back");
  const some = h("button", { class: "primary", onclick: () => redrive(true) });
  const rest = h("button", { onclick: () => redrive(false) }, "Redrive all that match");
  const progress = h("div", { class: "result", role: "status" });
  const jobs = jobList();
  const element = h("div", { class: "deadletters" }, h("h1", {}, "Dead letters"), form,
    h("section", { class: "panel", "aria-label": "Dead letters" }, h("div", { class: "buttons" }, some, rest), progress, number, problem, table, more), jobs.element);

  async function find(further = false) {
    const mine = ++asked;
    if (!further) (letters = []), chosen.clear();
    setText(number, "Looking");
    setText(problem, "");
    const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
    if (further && next) query.set("after", next);
    try {
      const found = await get(`api/v1/dead-letters?${query}`, closed.signal);
      if (mine !== asked) return;
      letters = [...letters, ...found.deadLetters];
      next = found.next;
    } catch (error) {
      if (mine !== asked || closed.signal.aborted) return;
      setText(problem, error.message);
      next = undefined;
    }
    show();
  }

  function show() {
    setText(number, `${plural(letters.length, "dead letter")}, the newest first${next ? "; there may be more" : ""}.`);
    reconcile(body, letters, placeOf, makeRow, (row, letter) => (row.querySelector("input").checked = chosen.has(placeOf(letter))));
    table.hidden = letters.length === 0;
    more.hidden = next === undefined;
    all.checked = letters.length > 0 && letters.every((letter) => chosen.has(placeOf(letter)));
    setText(some, `Redrive ${count(chosen.size)} selected`);
    some.disabled = chosen.size === 0 || chosen.size > 500;
    rest.disabled = wanted.topic === "" || letters.length === 0;
    rest.title = wanted.topic === "" ? "Choose a topic first" : "";
  }

  function makeRow(letter) {
    const choose = h("input", { type: "checkbox", "aria-label": `Select ${letter.event ?? placeOf(letter)}`, onchange: (event) => {
      event.target.checked ? chosen.set(placeOf(letter), letter) : chosen.delete(placeOf(letter));
      show();
    } });
    return h("tr", {}, h("td", {}, choose), h("td", { "data-label": "Written" }, h("time", { datetime: letter.time }, clock(Date.parse(letter.time)))),
      h("th", { scope: "row" }, h("a", { href: `#/dead-letters/at/${placeOf(letter)}` }, letter.event ?? placeOf(letter))),
      h("td", { "data-label": "Subscription" }, letter.subscription ?? "–"),
      h("td", { class: "why" }, h("b", {}, [letter.kind, letter.status].filter(Boolean).join(" ")), letter.message && ` ${letter.message}`),
      h("td", { class: "n", "data-label": "Attempts" }, `${letter.attempts ?? "–"}${letter.redrives ? `, redriven ${letter.redrives}×` : ""}`));
  }

  // MARK: Sending again

  /** First it is counted, then asked, then done. */
  async function redrive(isSome) {
    const groups = new Map();
    for (const letter of isSome ? chosen.values() : []) groups.set(letter.topic, [...(groups.get(letter.topic) ?? []), placeOf(letter)]);
    if (groups.size > 1) return setText(problem, "Those that are selected stand in several dead-letter topics: choose a topic first.");
    const [name, places] = [...groups][0] ?? [];
    const request = isSome ? { topic: name, places } : Object.fromEntries(Object.entries(wanted).filter(([, value]) => value));
    setText(problem, "");
    try {
      const counted = await follow(await post("api/v1/redrives", { ...request, dryRun: true }), progress, closed.signal);
      if (counted.state !== "done") return;
      const refused = counted.refused ? ` ${plural(counted.refused, "other")} would be refused: ${Object.entries(counted.figures.refused).map(([why, number]) => `${number} ${why}`).join(", ")}.` : "";
      const to = Object.entries(counted.figures.bySubscription).map(([who, number]) => `${count(number)} to ${who}`).join(", ");
      if (!counted.sent) return setText(progress, `Nothing would be sent: a job for these has sent them already, or there are none.${refused}`);
      ask({
        title: `Redrive ${plural(counted.sent, "dead letter")}`, text: `${to}, through the retry topic, with their schedule begun anew.${refused} They stay in the dead-letter topic.`, fixed: request,
        fields: [{ name: "rate", label: "Per second, at most", placeholder: "as fast as it goes", number: "[1-9][0-9]*" }], verb: "Redrive", path: "api/v1/redrives",
        done: (job) => follow(job, progress, closed.signal).then(jobs.refresh, () => {}),
      });
    } catch (error) {
      if (!closed.signal.aborted) setText(problem, error.message);
    }
  }

  function update() {
    const names = [...new Set([...store.subscriptions.values()].map(({ topic }) => topic))].sort();
    reconcile(topic, ["", ...names], (name) => name, (name) => h("option", { value: name }, name || "All topics"), () => {});
    if (!names.includes(wanted.topic)) wanted.topic = "";
    topic.value = wanted.topic;
    jobs.update();
  }

  kind.value = wanted.kind;
  since.value = wanted.since;
  show();
  update();
  find();
  return { title: "Dead letters", element, update, close: () => (closed.abort(), jobs.close()) };
}

// MARK: One of them

export function deadLetterPage(place) {
  const closed = new AbortController();
  const element = h("div", { class: "deadletter" }, h("p", { class: "back" }, h("a", { href: "#/dead-letters" }, "All dead letters")));
  const progress = h("div", { class: "result", role: "status" });
  const send = () => ask({
    title: "Redrive this dead letter", text: "Through the retry topic, with its schedule begun anew. It stays in the dead-letter topic.",
    fixed: { topic: place.split("/")[0], places: [place] }, verb: "Redrive", path: "api/v1/redrives", done: (job) => follow(job, progress, closed.signal).catch(() => {}),
  });
  (async () => {
    try {
      element.append(...parts(await get(`api/v1/dead-letters/${place}`, closed.signal), send, progress));
    } catch (error) {
      if (!closed.signal.aborted) element.append(h("p", { class: "empty" }, error.message));
    }
  })();
  return { title: "Dead letter", element, update() {}, close: () => closed.abort() };
}

function parts(letter, send, progress) {
  const { source, payload } = letter;
  const facts = [
    ["Subscription", letter.subscription && h("a", { href: `#/subscriptions/${encodeURIComponent(letter.subscription)}` }, letter.subscription)],
    ["Failed", [letter.kind, letter.status].filter(Boolean).join(" ")], ["Attempts", [letter.attempts, letter.firstAttempt && `from ${letter.firstAttempt} to ${letter.lastAttempt}`].filter(Boolean).join(", ")],
    ["Redriven", letter.redrives ? `${letter.redrives}×` : null], ["Key", letter.key], ["Written", letter.time], ["Stands at", placeOf(letter)],
    ["Came from", source && `${source.topic}/${source.partition}/${source.offset}${source.time ? `, written ${source.time}` : ""}`],
  ].filter(([, value]) => value);
  const about = payload ? `${payload.form}, ${plural(payload.bytes, "byte")}${payload.cut ? ", only the beginning is shown" : ""}${payload.fromSource ? ", read where it came from" : ""}` : "";
  return [
    h("section", { class: "panel head", "aria-label": "What happened" }, h("h1", {}, letter.event ?? placeOf(letter)), h("p", { class: "reason" }, letter.message ?? "Nobody said why."),
      h("dl", { class: "pairs facts" }, facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value)))),
      h("div", { class: "buttons" }, h("button", { class: "primary", onclick: send }, "Redrive")), progress),
    h("section", { class: "panel", "aria-label": "Payload" }, h("h2", {}, "Payload"), about && h("p", { class: "note" }, about),
      payload ? h("pre", { tabindex: 0 }, payload.form === "json" && !payload.cut ? pretty(payload.text) : payload.text)
        : h("p", { class: "note" }, letter.reference ? "It was too large for the dead-letter topic, and its source does not have it any more." : "None: a tombstone.")),
    h("section", { class: "panel", "aria-label": "Headers" }, h("h2", {}, "Headers"),
      h("dl", { class: "pairs facts" }, letter.headers.map(({ name, value }) => h("div", {}, h("dt", {}, name), h("dd", {}, value ?? "(null)"))))),
  ];
}

// What would become of an event: who would get it, why, and in which request.

import { h } from "./dom.js";
import { pretty } from "./format.js";
import { post } from "./connection.js";
import { store } from "./store.js";

const EXAMPLE = `{
  "specversion": "1.0",
  "id": "1",
  "source": "/example",
  "type": "order.created",
  "data": { "id": 7, "amount": 120, "currency": "EUR" }
}`;

/** What was written outlives a visit to another page. */
const written = { topic: "", key: "", headers: "", value: EXAMPLE };

export function explainPage() {
  const keep = (name) => (event) => (written[name] = event.target.value);
  const topics = [...new Set([...store.subscriptions.values()].map((subscription) => subscription.topic))].sort();
  if (!topics.includes(written.topic)) written.topic = topics[0] ?? "";
  const topic = h("select", { id: "topic", onchange: keep("topic") }, topics.map((name) => h("option", { value: name, selected: name === written.topic }, name)));
  const key = h("input", { id: "key", value: written.key, oninput: keep("key"), autocomplete: "off" });
  const headers = h("textarea", { id: "headers", rows: 2, spellcheck: "false", placeholder: "content-type: application/json", oninput: keep("headers") });
  headers.value = written.headers;
  const value = h("textarea", { id: "value", rows: 12, spellcheck: "false", required: true, oninput: keep("value") });
  value.value = written.value;
  const problem = h("p", { class: "problem", role: "alert" });
  const results = h("div", { class: "results", "aria-live": "polite" });
  const form = h("form", { class: "panel", onsubmit: submit }, h("h1", {}, "Who would get this event?"),
    h("p", { class: "note" }, "As the manifests in force have it. Nothing is sent; secrets and signatures are not shown."),
    field("Topic", topic), field("Key", key), field("Headers, one per line", headers), field("Value", value), problem, h("div", { class: "buttons" }, h("button", { class: "primary" }, "Explain")));

  async function submit(event) {
    event.preventDefault();
    problem.textContent = "";
    try {
      const question = { topic: topic.value, value: value.value, headers: headersOf(headers.value) };
      if (key.value) question.key = key.value;
      show(results, await post("api/v1/explain", question));
    } catch (error) {
      problem.textContent = error.message;
    }
  }
  return { title: "Explain", element: h("div", { class: "explain" }, form, results), update() {} };
}

const field = (label, input) => h("div", { class: "field" }, h("label", { for: input.id }, label), input);

function headersOf(text) {
  const headers = {};
  for (const line of text.split("\n").filter((line) => line.trim())) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`A header is a name, a colon and a value: ${line}`);
    headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
  }
  return headers;
}

function show(results, answer) {
  const gets = answer.subscriptions.filter((subscription) => subscription.request);
  const title = answer.problem ? `Not a valid event: ${answer.problem}` : `${gets.length} of ${answer.subscriptions.length} would get it`;
  const sorted = [...answer.subscriptions].sort((a, b) => Boolean(b.request) - Boolean(a.request) || b.matches - a.matches);
  results.replaceChildren(...[
    h("h2", {}, title),
    answer.validation?.reason && h("p", { class: "notice warn" }, `The catalog: ${answer.validation.reason}`),
    ...sorted.map((subscription) => h("section", { class: `panel answer ${subscription.request ? "good" : subscription.matches ? "warn" : "idle"}` },
      h("h3", {}, h("a", { href: `#/subscriptions/${encodeURIComponent(subscription.name)}` }, subscription.name), " ",
        h("span", { class: "note" }, subscription.request ? "would get it" : subscription.matches ? "matches, but would not get it" : "does not match")),
      h("ul", {}, subscription.reasons.map((reason) => h("li", {}, reason))),
      subscription.request && h("details", {}, h("summary", {}, "The request"), h("pre", { tabindex: 0 }, requestText(subscription.request)))))].filter(Boolean));
}

function requestText({ url, headers, body }) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${url}`, ...lines, "", body === null ? "(no text)" : pretty(body)].join("\n");
}

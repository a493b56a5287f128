// The manifests in force, and why newer ones are not.

import { h } from "./dom.js";
import { clock, plural } from "./format.js";
import { get } from "./connection.js";

const REFRESH = 3_000;

export function configurationPage() {
  const closed = new AbortController();
  const element = h("div", { class: "configuration" }, h("h1", {}, "Configuration"));
  const body = h("div", {});
  element.append(body);
  let asked = 0;
  let last = "";

  async function refresh() {
    asked = Date.now();
    try {
      const found = await get("api/v1/configuration", closed.signal);
      const key = JSON.stringify(found);
      if (key !== last) body.replaceChildren(...parts(found));
      last = key;
    } catch (error) {
      if (!closed.signal.aborted) body.replaceChildren(h("p", { class: "problem" }, error.message));
      last = "";
    }
  }
  const update = () => Date.now() - asked > REFRESH && refresh();
  return { title: "Configuration", element, update, close: () => closed.abort() };
}

function parts({ folder, loadedAt, topics, subscriptions, warnings, refused }) {
  return [
    refused && h("section", { class: "panel refused", "aria-label": "Refused" }, h("h2", { class: "bad" }, "Refused"),
      h("p", {}, `What was in ${folder} at ${clock(Date.parse(refused.at))} has errors, so the manifests before stay in force. It is read again when a file changes.`), list(refused.problems)),
    h("section", { class: "panel", "aria-label": "In force" }, h("h2", {}, "In force"),
      h("p", {}, `${plural(topics, "topic")} with ${plural(subscriptions, "subscription")} from ${folder}, loaded ${clock(Date.parse(loadedAt))}.`),
      warnings.length > 0 && h("h3", {}, plural(warnings.length, "warning")), list(warnings)),
    h("section", { class: "panel", "aria-label": "Elsewhere" }, h("h2", {}, "Elsewhere"), h("ul", {},
      [["api/v1/subscriptions", "subscriptions, for programs"], ["openapi.json", "the API"], ["metrics", "for Prometheus"], ["readyz", "whether this replica is ready"]]
        .map(([path, text]) => h("li", {}, h("a", { href: path }, `/${path}`), ` ${text}`)))),
  ].filter(Boolean);
}

const list = (problems) => h("ol", { class: "problems" }, problems.map((problem) => h("li", { class: problem.severity },
  h("code", {}, problem.line ? `${problem.file}:${problem.line}:${problem.column}` : problem.file), h("b", {}, problem.severity),
  h("span", {}, problem.path && h("code", {}, problem.path), problem.path && " ", problem.message))));

// Which page is shown, and whether what it shows is of now.

import { h, setText } from "./dom.js";
import { clock, plural, span } from "./format.js";
import { get, listen, Refused, token } from "./connection.js";
import { store, take, now } from "./store.js";
import { overviewPage } from "./overview.js";
import { subscriptionPage } from "./subscription.js";
import { deadLetterPage, deadLettersPage } from "./deadletters.js";
import { explainPage } from "./explain.js";
import { configurationPage } from "./configuration.js";
import { deliveriesPage } from "./deliveries.js";

const main = document.getElementById("main");
const notices = document.getElementById("notices");
const connection = document.getElementById("connection");
const footer = document.getElementById("footer");

/** A page: {title, element, update(), close()}. */
let page = null;
let lost = null;
let refused = null;

const routes = [
  [/^#?\/?$/, () => overviewPage()],
  [/^#\/subscriptions\/([^/]+)$/, (name) => subscriptionPage(decoded(name))],
  [/^#\/deliveries(?:\/([^/]+))?$/, (event) => deliveriesPage(event && decoded(event))],
  [/^#\/dead-letters$/, () => deadLettersPage()],
  [/^#\/dead-letters\/of\/([^/]+)$/, (name) => deadLettersPage(decoded(name))],
  [/^#\/dead-letters\/at\/([\w.-]+\/\d+\/\d+)$/, (place) => deadLetterPage(place)],
  [/^#\/explain$/, () => explainPage()],
  [/^#\/configuration$/, () => configurationPage()],
];

/** What somebody wrote by hand may not be encoded. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function route() {
  if (refused || store.at === null) return;
  const hash = location.hash;
  if (hash && !hash.startsWith("#/")) return;
  const [pattern, open] = routes.find(([pattern]) => pattern.test(hash)) ?? [/^/, missingPage];
  const isFirst = page === null;
  page?.close?.();
  page = open(...(hash.match(pattern)?.slice(1) ?? []));
  document.title = `${page.title} – Fanfare`;
  main.replaceChildren(page.element);
  page.update();
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.getAttribute("href");
    if (here === (hash || "#/") || (here !== "#/" && hash.startsWith(`${here}/`))) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!isFirst) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

const missingPage = () => ({ title: "Not found", element: h("p", { class: "empty" }, "There is no such page. ", h("a", { href: "#/" }, "Overview")), update() {} });

// MARK: What is said above every page

function tell() {
  const state = refused ? "refused" : lost ? "lost" : store.at === null ? "connecting" : "live";
  document.body.dataset.connection = state;
  store.isLive = state === "live";
  setText(connection, { refused: "Not connected", lost: "Connection lost", connecting: "Connecting", live: "Live" }[state]);
  const lines = [];
  if (lost) {
    const since = store.at === null ? "" : ` What is shown is of ${clock(store.at)}.`;
    lines.push(["bad", `${lost instanceof Refused ? lost.message : "The bridge does not answer."}${since} Trying again.`]);
  }
  if (!lost && !refused && store.notReady.length) lines.push(["warn", `This replica is not ready: ${store.notReady.join("; ")}`]);
  if (!lost && !refused && store.refusedProblems) {
    lines.push(["warn", `Newer manifests were refused: ${plural(store.refusedProblems, "problem")}. The old ones stay in force. `, "#/configuration", "What is wrong"]);
  }
  const key = JSON.stringify(lines);
  if (notices.dataset.key === key) return;
  notices.dataset.key = key;
  notices.replaceChildren(...lines.map(([kind, text, href, label]) => h("p", { class: `notice ${kind}` }, text, href && h("a", { href }, label))));
}

function refresh() {
  tell();
  if (refused || store.at === null) return;
  if (page === null) route();
  else page.update();
  setText(footer, `Fanfare ${store.version}, running for ${span((now() - store.startedAt) / 1000)}. Figures are those of this replica; pauses and moves hold on all.`);
}

// MARK: The token

function askForToken(error) {
  const input = h("input", { type: "password", name: "token", autocomplete: "off", required: true, id: "token" });
  const form = h("form", { class: "panel token", onsubmit: (event) => {
    event.preventDefault();
    token.set(input.value.trim());
    refused = null;
    main.replaceChildren(h("p", { class: "empty" }, "Connecting"));
    stream.resume();
  } },
    h("h1", {}, "A token, please"),
    h("p", {}, token.get() ? error.message : "This bridge shows itself only to those who have one of ops.tokens."),
    h("label", { for: "token" }, "Token"), input,
    h("p", { class: "note" }, "It is kept in this tab only, until it is closed."),
    h("button", { class: "primary" }, "Open"));
  token.forget();
  main.replaceChildren(form);
  input.focus();
}

/** What this bridge can do; another version may have come meanwhile. */
async function learn() {
  const [{ paths }, { receiptIndex }] = await Promise.all([get("openapi.json").catch(() => ({ paths: {} })), get("api/v1/configuration").catch(() => ({}))]);
  store.canTest = paths["/api/v1/subscriptions/{name}/test"] !== undefined;
  store.hasReceiptIndex = receiptIndex === true;
}

const stream = listen({
  message(name, data) {
    if (store.at === null || lost) learn();
    lost = refused = null;
    take(name, data);
    refresh();
  },
  lost(error) {
    lost = error;
    refresh();
  },
  refused(error) {
    lost = null;
    refused = error;
    page?.close?.();
    page = null;
    tell();
    if (error.status === 401) askForToken(error);
    else main.replaceChildren(h("p", { class: "empty" }, error.message));
  },
});

window.addEventListener("hashchange", route);
tell();

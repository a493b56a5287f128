// The picture: topics on the left, whom their events go to on the right. What needs somebody has a line of its own; what is well
// shares one, so that a thousand subscriptions are as readable as ten.

import { s, setText, setAttribute, reconcile } from "./dom.js";
import { count, rate, plural } from "./format.js";
import { needsAttention, shape, why, word } from "./health.js";
import { now } from "./store.js";

const ROW = 44;
const MOST_ROWS = 14;
const MOST_TOPICS = 10;

/** A picture that fills its parent's width. `onBundle(topic, state)` is called for a line that several share. */
export function flow(onBundle) {
  const links = s("g", {});
  const topics = s("g", {});
  const targets = s("g", {});
  const svg = s("svg", { class: "flow", role: "group", "aria-label": "Topics and the subscriptions that their events go to" }, links, topics, targets);
  let last = null;
  const observer = new ResizeObserver(() => last && draw(...last));
  observer.observe(svg);

  function draw(found, allTopics) {
    last = [found, allTopics];
    const width = svg.clientWidth;
    if (!width) return;
    const plan = layout(found, allTopics, width);
    setAttribute(svg, "height", plan.height);
    setAttribute(svg, "viewBox", `0 0 ${width} ${plan.height}`);
    reconcile(links, plan.links, (link) => link.key, makeLink, fillLink);
    reconcile(topics, plan.topics, (topic) => topic.name, makeTopic, (element, topic) => fillTopic(element, topic, plan));
    reconcile(targets, plan.targets, (target) => target.key, (target) => makeTarget(target, onBundle), (element, target) => fillTarget(element, target, plan));
  }
  return { element: svg, draw, close: () => observer.disconnect() };
}

/** Who is where. */
function layout(found, allTopics, width) {
  const narrow = width < 560;
  const alone = found.length <= MOST_ROWS ? found : found.filter(({ judged }) => needsAttention(judged.rank)).slice(0, MOST_ROWS - 3);
  const single = ({ subscription, judged }) => ({
    key: `s/${subscription.name}`, topic: subscription.topic, title: subscription.name, state: subscription.state, health: judged.health,
    delivered: subscription.delivered, failed: subscription.failed, text: line(subscription), href: `#/subscriptions/${encodeURIComponent(subscription.name)}`,
  });
  const targets = alone.map(single);
  const named = new Set(alone);
  const bundles = new Map();
  for (const entry of found) {
    if (named.has(entry)) continue;
    const { topic, state, delivered, failed } = entry.subscription;
    const key = `b/${topic}/${state}`;
    const bundle = bundles.get(key) ?? { key, topic, state, health: entry.judged.health, delivered: 0, failed: 0, count: 0, rank: entry.judged.rank, only: entry };
    bundle.count += 1;
    bundle.delivered += delivered;
    bundle.failed += failed;
    bundles.set(key, bundle);
  }
  const shared = [...bundles.values()].sort((a, b) => a.rank - b.rank || b.count - a.count);
  for (const bundle of shared.slice(0, MOST_ROWS)) {
    targets.push(bundle.count === 1 ? single(bundle.only) : { ...bundle, title: plural(bundle.count, "subscription"), text: `${word(bundle.state)}${bundle.delivered ? `, ${rate(bundle.delivered)}/s` : ""}` });
  }
  const order = [...new Set(targets.map((target) => target.topic))];
  const shown = order.slice(0, MOST_TOPICS);
  // In the order of their topics lines would cross less; in the order of need the worst is where people look first.
  const rows = targets.filter((target) => shown.includes(target.topic));
  const height = Math.max(rows.length, shown.length) * ROW + 8;
  const left = narrow ? Math.round(width * 0.34) : Math.min(260, Math.round(width * 0.28));
  const right = narrow ? Math.round(width * 0.52) : Math.max(width - 420, Math.round(width * 0.55));
  const topics = shown.map((name, index) => {
    const figures = allTopics.find((topic) => topic.name === name);
    return { name, figures, y: ((index + 0.5) * height) / shown.length };
  });
  const place = new Map(topics.map((topic) => [topic.name, topic.y]));
  rows.forEach((row, index) => (row.y = 4 + (index + 0.5) * ROW));
  const links = rows.map((row) => ({ ...row, from: [left, place.get(row.topic)], to: [right, row.y] }));
  return { width, height, left, right, narrow, topics, targets: rows, links };
}

function line(subscription) {
  const reason = why(subscription, now());
  const lag = subscription.lag ? `, ${count(subscription.lag)} behind` : "";
  if (reason) return `${word(subscription.state)}${lag} – ${reason}`;
  return `${subscription.state === "delivering" ? `${rate(subscription.delivered)}/s` : word(subscription.state)}${lag}`;
}

// MARK: Lines

const makeLink = () => s("g", {}, s("path", { class: "pipe" }), s("path", { class: "stream" }), s("path", { class: "stop" }));

function fillLink(element, link) {
  const [pipe, stream, stop] = element.children;
  const [[x1, y1], [x2, y2]] = [link.from, link.to];
  const middle = (x1 + x2) / 2;
  const path = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2 - 10} ${y2}`;
  const thickness = Math.min(9, 1.5 + Math.log2(1 + link.delivered + link.failed));
  setAttribute(element, "class", `link ${link.health} ${link.state}`);
  for (const element of [pipe, stream]) {
    setAttribute(element, "d", path);
    setAttribute(element, "stroke-width", thickness.toFixed(1));
  }
  stream.classList.toggle("moving", link.delivered > 0);
  // Where nothing goes through, a bar across the line's end says so without colour.
  const stands = ["refused", "suspended", "circuit-open", "paused", "disabled"].includes(link.state);
  setAttribute(stop, "d", stands ? `M${x2 - 16} ${y2 - 7}v14` : "");
}

// MARK: Ends

const makeTopic = () => s("g", { class: "topic" }, s("rect", { rx: 6, x: 0 }), s("text", { class: "title", x: 10 }), s("text", { class: "sub", x: 10 }), s("title"));

function fillTopic(element, topic, plan) {
  const [box, title, sub, tip] = element.children;
  setAttribute(element, "transform", `translate(0 ${topic.y})`);
  setAttribute(box, "y", -19);
  setAttribute(box, "height", 38);
  setAttribute(box, "width", plan.left);
  setAttribute(title, "y", -3);
  setAttribute(sub, "y", 12);
  setText(title, cut(topic.name, plan.left - 16, 7.9));
  setText(sub, topic.figures ? `${rate(topic.figures.incoming)}/s in` : "not read here");
  setText(tip, topic.name);
}

function makeTarget(target, onBundle) {
  const attributes = target.href ? { href: target.href } : { href: "#/", onclick: (event) => (event.preventDefault(), onBundle(target.topic, target.state)) };
  return s("a", { class: "target", ...attributes },
    s("rect", { rx: 6, x: -8, y: -20, height: 40 }), s("path", { class: "mark" }), s("text", { class: "title", x: 14, y: -3 }), s("text", { class: "sub", x: 14, y: 12 }), s("title"));
}

function fillTarget(element, target, plan) {
  const [box, mark, title, sub, tip] = element.children;
  const width = plan.width - plan.right;
  setAttribute(element, "class", `target ${target.health}`);
  setAttribute(element, "transform", `translate(${plan.right} ${target.y})`);
  setAttribute(box, "width", width + 4);
  setAttribute(mark, "d", shape(target.state));
  setAttribute(mark, "class", `mark ${target.health}`);
  setText(title, cut(target.title, width - 16, 7.9));
  setText(sub, cut(target.text, width - 16, 6.5));
  setText(tip, `${target.title}: ${target.text}`);
}

/** What fits into so many pixels. */
function cut(text, width, letter) {
  const fits = Math.max(4, Math.floor(width / letter));
  return text.length <= fits ? text : `${text.slice(0, fits - 1)}…`;
}

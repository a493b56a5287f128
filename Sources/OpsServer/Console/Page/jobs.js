// Redrives and replays: how far they have come, who asked for them, and their end.

import { h, setText, reconcile } from "./dom.js";
import { clock, count, plural } from "./format.js";
import { get, post } from "./connection.js";
import { ask } from "./dialog.js";

const REFRESH = 5_000;
const EVERY = 500;

const pathOf = ({ verb, id }) => `api/v1/${verb}s/${encodeURIComponent(id)}`;
const ended = ({ state }) => state !== "running" && state !== "elsewhere";

const words = {
  running: "running", elsewhere: "on another replica", done: "done", limited: "stopped at its limit", stopped: "stopped",
  interrupted: "interrupted: the same request goes on", failed: "failed",
};
const health = { running: "warn", elsewhere: "warn", done: "good", limited: "idle", stopped: "idle", interrupted: "bad", failed: "bad" };

/** Shows a job in `place` until it has ended; its last state. */
export async function follow(job, place, signal) {
  const bar = h("progress", { "aria-label": "Progress" });
  const text = h("p", {});
  const problem = h("p", { class: "problem", role: "alert" });
  const stop = stopButton(job, () => {});
  place.replaceChildren(text, bar, stop, problem);
  while (true) {
    if (job.total) (bar.max = job.total), (bar.value = job.done);
    setText(text, sentence(job));
    setText(problem, job.message ?? "");
    bar.hidden = stop.hidden = ended(job);
    if (ended(job)) return job;
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    signal.throwIfAborted();
    try {
      job = await get(pathOf(job), signal);
    } catch (error) {
      signal.throwIfAborted();
      setText(problem, error.message);
    }
  }
}

const stopButton = (job, done) => h("button", { onclick: () => ask({
  title: `Stop the ${job.verb}`, text: "In good order: the same request goes on from there.", verb: "Stop", path: `${pathOf(job)}/stop`, done }) }, "Stop");

function sentence(job) {
  const sent = job.sent === undefined ? "" : `${count(job.sent)} ${job.dryRun ? "would be sent" : "sent"}`;
  const refused = job.refused ? `${count(job.refused)} refused` : "";
  const left = job.left === undefined || job.state === "done" ? "" : `${plural(job.left, "record")} to look at`;
  return [job.dryRun ? "Counted" : job.verb === "redrive" ? "Redrive" : "Replay", words[job.state], sent, refused, left].filter(Boolean).join(" · ");
}

/** Those that were asked for, the newest first; all, or those of one subscription, which only operators see. */
export function jobList(subscription) {
  const closed = new AbortController();
  let asked = 0;
  const list = h("ol", { class: "changes jobs" });
  const problem = h("p", { class: "problem", role: "alert" });
  const element = h("section", { class: "panel", "aria-label": "Redrives and replays", hidden: true }, h("h2", {}, "Redrives and replays"), problem, list);

  async function refresh() {
    asked = Date.now();
    try {
      const [redrives, replays] = await Promise.all(["redrives", "replays"].map((name) => get(`api/v1/${name}?limit=1000`, closed.signal)));
      const jobs = [...redrives.jobs, ...replays.jobs].filter(({ dryRun, request }) => !dryRun && (!subscription || request?.subscription === subscription)).sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, 20);
      element.hidden = jobs.length === 0;
      reconcile(list, jobs, (job) => `${job.id} ${job.at} ${job.state} ${job.sent} ${job.left}`, makeLine, () => {});
    } catch {
      // The page says when the bridge is away.
    }
  }

  function makeLine(job) {
    const goOn = async () => {
      setText(problem, "");
      await post(`api/v1/${job.verb}s`, { ...job.request, reason: job.reason || undefined }).catch((error) => setText(problem, error.message));
      refresh();
    };
    return h("li", {}, h("time", { datetime: job.at }, clock(Date.parse(job.at))), h("span", { class: `pill ${health[job.state]}` }, words[job.state]), h("span", { class: "id" }, job.id),
      h("span", {}, sentence(job)), h("span", { class: "why" }, `by ${job.by}${job.reason ? `: ${job.reason}` : ""}`), job.message && h("span", { class: "problem" }, job.message),
      job.request && !ended(job) && stopButton(job, refresh),
      job.request && ["interrupted", "stopped", "limited", "failed"].includes(job.state) && h("button", { onclick: goOn }, "Go on"));
  }
  return { element, refresh, update: () => Date.now() - asked > REFRESH && refresh(), close: () => closed.abort() };
}

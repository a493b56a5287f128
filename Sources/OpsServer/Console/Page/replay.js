// A range of a topic goes to one subscription again: first it is counted, then asked, then done.

import { setText } from "./dom.js";
import { plural } from "./format.js";
import { ask } from "./dialog.js";
import { follow } from "./jobs.js";

const PATH = "api/v1/replays";
const BOUNDS = ["earliest", "latest", "15m", "1h", "1d"];

/** In `place` stands how far it has come; `changed` is called when it has begun, and when it has ended. */
export function replay({ name, topic }, place, signal, changed) {
  ask({
    title: `Replay to ${name}`,
    text: `The events of a range of ${topic} are sent to it, also those that it has had, marked with the header fanfare-replay. Its filters apply; its cursors stay where they are, and live events go on. First they are counted.`,
    fields: [
      { name: "from", label: "From", required: true, placeholder: "1h", options: BOUNDS, note: "earliest, how long ago (1h), a time (2026-05-01T08:00:00Z), or an offset" },
      { name: "to", label: "To, exclusive", placeholder: "latest", options: BOUNDS },
      { name: "partition", label: "Only partition", placeholder: "all", number: "[0-9]+" },
      { name: "again", label: "Begin anew: also what this replay has sent before", flag: true },
    ],
    fixed: { subscription: name, dryRun: true }, isChange: false, verb: "Count", path: PATH, done: (job) => confirm(job).catch(() => {}),
  });

  async function confirm(counting) {
    const { state, sent, refused, request } = await follow(counting, place, signal);
    if (state !== "done") return;
    const poison = refused ? ` ${plural(refused, "record")} would be left out: not valid events.` : "";
    if (!sent) return setText(place, `Nothing would be sent: no event between there matches its filters.${poison}`);
    ask({
      title: `Replay ${plural(sent, "event")} to ${name}`, text: `Through the retry topic, so it waits for an endpoint that is down.${poison}`, fixed: request,
      fields: [{ name: "rate", label: "Per second, at most", placeholder: "as fast as it goes", number: "[1-9][0-9]*" }], verb: "Replay", path: PATH,
      done: (job) => (changed(), follow(job, place, signal).then(changed, () => {})),
    });
  }
}

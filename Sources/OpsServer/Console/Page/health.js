// How bad it is: one order for the picture, the table and the colours.

import { span, plural, rate } from "./format.js";
import { s } from "./dom.js";

/** What the states of the API are called here, and how bad they are. */
const STATES = {
  refused: { word: "refused", rank: 0, health: "bad" },
  suspended: { word: "suspended", rank: 1, health: "bad" },
  "circuit-open": { word: "circuit open", rank: 2, health: "bad" },
  probing: { word: "probing", rank: 4, health: "warn" },
  retrying: { word: "retrying", rank: 5, health: "warn" },
  paused: { word: "paused", rank: 8, health: "idle" },
  disabled: { word: "disabled", rank: 9, health: "idle" },
  delivering: { word: "delivering", rank: 10, health: "good" },
};

/** Of a newer bridge than the page: whatever it means, it is not that all is well. */
const UNKNOWN = { rank: 4, health: "warn" };

/** Behind by so much is worth a look. */
const LATE = 60;

export const stateNames = Object.keys(STATES);
export const word = (state) => STATES[state]?.word ?? state;

/** Seconds since the oldest unsettled record was written. */
export const age = (subscription, now) => (subscription.oldest === undefined ? 0 : Math.max(0, (now - subscription.oldest) / 1000));

/** {rank, health}: the lower the rank, the worse. */
export function judge(subscription, now) {
  const state = STATES[subscription.state] ?? UNKNOWN;
  if (subscription.deletion !== undefined && state.rank > 3) return { rank: 3, health: "bad" };
  if (subscription.state !== "delivering") return state;
  if (subscription.failed > 0) return { rank: 6, health: "warn" };
  if (age(subscription, now) > LATE) return { rank: 7, health: "warn" };
  return state;
}

export const needsAttention = (rank) => rank < 8;

/** Why it is not simply delivering, in a sentence; empty where there is nothing to say. */
export function why(subscription, now) {
  const parts = [];
  const { state, reason } = subscription;
  if (state === "paused") parts.push(`by ${subscription.by ?? "its manifest"}${reason ? `: ${reason}` : ""}`);
  else if (reason) parts.push(reason);
  else if (state === "suspended") parts.push("its endpoint said stop");
  if (state === "circuit-open" && subscription.nextProbe !== undefined) {
    const wait = (subscription.nextProbe - now) / 1000;
    parts.push(wait >= 1 ? `next try in ${span(wait)}` : "tries again now");
  }
  if (state === "retrying") parts.push(`${plural(subscription.waiting, "event")} to be tried again`);
  else if (subscription.failed > 0 && state === "delivering") parts.push(`${rate(subscription.failed)} attempts a second fail`);
  if (subscription.deletion !== undefined) {
    const left = (subscription.deletion - now) / 1000;
    parts.push(left > 0 ? `Kafka deletes its oldest event in ${span(left)}` : "Kafka may have deleted its oldest event");
  } else if (state === "delivering" && age(subscription, now) > LATE) {
    parts.push(`${span(age(subscription, now))} behind`);
  }
  return parts.join("; ");
}

/** What a person can do about it. */
export function remedy(subscription) {
  switch (subscription.state) {
    case "refused":
      return "It came through the API and cannot be used here as it is written, so nothing is sent; its cursors wait, but retries that come due become dead letters. Put back what is missing, which is seen within seconds, or register it anew.";
    case "suspended":
      return "Its endpoint asked for no more. Ask its owner; when it is ready, resume. Nothing is lost until the topic's retention ends.";
    case "circuit-open":
      return "The endpoint fails, and is tried now and then; it goes on by itself when one request succeeds. Ask its owner. Nothing is lost until the topic's retention ends.";
    case "probing":
      return "The endpoint has just answered again; more is sent step by step. There is nothing to do.";
    case "retrying":
      return "Some events fail while others succeed. They are tried again on their schedule; what fails to the end becomes a dead letter.";
    case "paused":
      return "Somebody stopped it. Resume when the reason is gone; mind the topic's retention.";
    case "disabled":
      return "Its manifest says enabled: false.";
    default:
      return "";
  }
}

/** The worst first; within a rank those that have most to catch up, and else by name, so that lines keep still. */
export function worstFirst(subscriptions, now) {
  const weight = (subscription) => Math.floor(Math.log10(1 + subscription.lag));
  return subscriptions
    .map((subscription) => ({ subscription, judged: judge(subscription, now) }))
    .sort((a, b) =>
      a.judged.rank - b.judged.rank || weight(b.subscription) - weight(a.subscription) || (a.subscription.name < b.subscription.name ? -1 : 1));
}

const SHAPES = {
  refused: "M0-6 6 0 0 6-6 0z",
  suspended: "M-5-5h10v10h-10z",
  "circuit-open": "M-5-3-3-5 0-2 3-5 5-3 2 0 5 3 3 5 0 2-3 5-5 3-2 0z",
  probing: "M0-5.5 5 4.5h-10z",
  retrying: "M0-5.5 5 4.5h-10z",
  paused: "M-4.5-5h3v10h-3zM1.5-5h3v10h-3z",
  disabled: "M-5-1.5h10v3h-10z",
  delivering: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0",
};

export const shape = (state) => SHAPES[state] ?? SHAPES.probing;

/** A state as shape, colour and word, so that no one of them is needed to see it. */
export function pill(state, health) {
  return [
    s("svg", { class: `mark ${health}`, viewBox: "-7 -7 14 14", width: 12, height: 12, "aria-hidden": "true" }, s("path", { d: shape(state) })),
    word(state),
  ];
}

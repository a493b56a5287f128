// Requests with the token, and the stream of events, which is opened again whenever it ends.

const TOKEN = "fanfare-token";
const SILENCE = 5_000;
const LONGEST_PAUSE = 5_000;

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

const headers = () => (token.get() ? { Authorization: `Bearer ${token.get()}` } : {});

/** What the API refused, in its own words. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? `The bridge answered ${status}.`);
    this.status = status;
  }
}

async function checked(response) {
  if (response.ok) return response;
  throw new Refused(response.status, await response.json().catch(() => null));
}

export async function get(path, signal) {
  return (await checked(await fetch(path, { headers: headers(), cache: "no-store", signal }))).json();
}

export async function post(path, body) {
  const response = await fetch(path, {
    method: "POST", headers: { ...headers(), "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  return (await checked(response)).json();
}

/** The events of a stream: name and data of each. EventSource would do, but it sends no Authorization. */
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
      yield { name: field("event"), data: JSON.parse(field("data")) };
    }
  }
}

/**
 * Listens for as long as the page is open. `on.message(name, data)`; `on.lost(error)` when it cannot be reached;
 * `on.refused(error)` when it may not be asked, after which it waits for `resume`.
 */
export function listen(on) {
  let wake = () => {};
  const pause = (milliseconds) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      wake = () => (clearTimeout(timer), resolve());
    });
  async function once(heard) {
    const abort = new AbortController();
    let timer = setTimeout(() => abort.abort(), SILENCE);
    try {
      const response = await checked(await fetch("api/v1/events", { headers: headers(), cache: "no-store", signal: abort.signal }));
      for await (const event of events(response)) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), SILENCE);
        heard();
        on.message(event.name, event.data);
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }
  (async () => {
    let wait = 250;
    while (true) {
      try {
        await once(() => (wait = 250));
      } catch (error) {
        if (error instanceof Refused && (error.status === 401 || error.status === 403)) {
          on.refused(error);
          await pause(3_600_000);
          continue;
        }
        on.lost(error);
      }
      await pause(wait);
      wait = Math.min(LONGEST_PAUSE, wait * 2);
    }
  })();
  return { resume: () => wake() };
}

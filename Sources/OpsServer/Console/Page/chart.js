// A chart of the last hour: lines over time, with the values under the pointer or the arrow keys.

import { h, s, setText, setAttribute } from "./dom.js";
import { clock } from "./format.js";

const HOUR = 3_600_000;
const HEIGHT = 120;
const GAP = 25_000;

/**
 * `lines`: [{name, className, value(sample)}], where undefined is a gap. `show(value)` makes a text of a value.
 */
export function chart(title, lines, show) {
  const grid = s("g", { class: "grid" });
  const paths = lines.map((line) => s("path", { class: `series ${line.className}` }));
  const cursor = s("line", { class: "cursor", y1: 0, y2: HEIGHT });
  const svg = s("svg", { height: HEIGHT + 18, tabindex: 0, role: "img", "aria-label": title }, grid, paths, cursor);
  const values = lines.map(() => h("b", {}));
  const at = h("span", { class: "at" });
  const legend = h("div", { class: "legend" }, lines.map((line, index) => h("span", { class: `key ${line.className}` }, line.name, " ", values[index])), at);
  const element = h("figure", { class: "chart" }, h("figcaption", {}, title), legend, svg);
  let samples = [];
  let end = 0;
  let picked = null;

  // Also when it comes into the page, which it is made before.
  const observer = new ResizeObserver(() => draw(samples, end));
  observer.observe(svg);

  const x = (time) => ((time - end + HOUR) / HOUR) * svg.clientWidth;

  function draw(newSamples, now) {
    samples = newSamples;
    end = now;
    const width = svg.clientWidth;
    if (!width) return;
    setAttribute(svg, "viewBox", `0 0 ${width} ${HEIGHT + 18}`);
    const all = samples.flatMap((sample) => lines.map((line) => line.value(sample)).filter((value) => value !== undefined));
    const top = ceiling(Math.max(0, ...all));
    const y = (value) => HEIGHT - (value / top) * (HEIGHT - 14);
    lines.forEach((line, index) => setAttribute(paths[index], "d", pathOf(line, y)));
    grid.replaceChildren(
      ...[0, 0.5, 1].map((part) => s("line", { x1: 0, x2: width, y1: y(top * part), y2: y(top * part) })),
      s("text", { x: 2, y: y(top) - 3 }, show(top)),
      ...[60, 40, 20, 0].map((minutes) => s("text", {
        x: x(now - minutes * 60_000), y: HEIGHT + 14, "text-anchor": minutes === 60 ? "start" : minutes === 0 ? "end" : "middle",
      }, minutes ? `−${minutes} min` : "now")));
    point();
  }

  function pathOf(line, y) {
    let path = "";
    let before = null;
    for (const sample of samples) {
      const value = line.value(sample);
      if (value === undefined || sample.at < end - HOUR) {
        before = null;
        continue;
      }
      path += `${before === null || sample.at - before > GAP ? "M" : "L"}${x(sample.at).toFixed(1)} ${y(value).toFixed(1)}`;
      // A sample between gaps is a dot.
      if (before === null) path += "h0.1";
      before = sample.at;
    }
    return path;
  }

  /** The values at the cursor, else the last ones. */
  function point() {
    const sample = picked === null ? samples.at(-1) : nearest(picked);
    cursor.style.display = picked === null || !sample ? "none" : "";
    setText(at, picked === null || !sample ? "" : clock(sample.at));
    if (sample && picked !== null) for (const name of ["x1", "x2"]) setAttribute(cursor, name, x(sample.at));
    lines.forEach((line, index) => {
      const value = sample && line.value(sample);
      setText(values[index], value === undefined ? "–" : show(value));
    });
  }

  function nearest(time) {
    return samples.reduce((best, sample) => (best === undefined || Math.abs(sample.at - time) < Math.abs(best.at - time) ? sample : best), undefined);
  }

  function pick(time) {
    picked = time;
    point();
  }

  svg.addEventListener("pointermove", (event) => pick(end - HOUR + (event.offsetX / svg.clientWidth) * HOUR));
  svg.addEventListener("pointerleave", () => pick(null));
  svg.addEventListener("blur", () => pick(null));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !samples.length) return;
    event.preventDefault();
    const index = picked === null ? samples.length - 1 : samples.indexOf(nearest(picked)) + step;
    pick(samples[Math.max(0, Math.min(samples.length - 1, index))].at);
  });
  return { element, draw, close: () => observer.disconnect() };
}

/** The next round number. */
function ceiling(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value);
}

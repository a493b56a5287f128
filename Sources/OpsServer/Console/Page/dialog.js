// A question before a change, with a place for the reason.

import { h } from "./dom.js";
import { post } from "./connection.js";

let next = 0;

/**
 * `fields`: [{name, label, placeholder, required, options, number: its pattern, flag}]; a reason is asked for unless
 * nothing is changed. `path` is posted to with what was given; `done(answer)` is called after it, while what is refused is shown where it
 * was asked for.
 */
export function ask({ title, text, fields = [], fixed = {}, verb, danger = false, isChange = true, path, done }) {
  const reason = { name: "reason", label: "Reason", placeholder: "Others will ask why", maxlength: 500 };
  const inputs = [...fields, ...(isChange ? [reason] : [])].map((field) => {
    const id = `field-${next++}`;
    if (field.flag) {
      const input = h("input", { type: "checkbox", name: field.name });
      return { field, input, element: h("label", { class: "check field" }, input, field.label) };
    }
    const input = h("input", { id, name: field.name, placeholder: field.placeholder, required: field.required, inputmode: field.number && "numeric", pattern: field.number, maxlength: field.maxlength, autocomplete: "off", list: field.options && `${id}-options` });
    const options = field.options && h("datalist", { id: `${id}-options` }, field.options.map((value) => h("option", { value })));
    return { field, input, element: h("div", { class: "field" }, h("label", { for: id }, field.label), input, options, field.note && h("p", { class: "note" }, field.note)) };
  });
  const problem = h("p", { class: "problem", role: "alert" });
  const go = h("button", { class: danger ? "danger" : "primary" }, verb);
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    h("form", { onsubmit: submit }, h("h2", { id: "dialog-title" }, title), h("p", {}, text), inputs.map(({ element }) => element), problem,
      h("div", { class: "buttons" }, h("button", { type: "button", onclick: end }, "Cancel"), go)));

  // Its event comes later, when the next question may stand there already.
  function end() {
    dialog.close();
    dialog.remove();
  }

  async function submit(event) {
    event.preventDefault();
    go.disabled = true;
    problem.textContent = "";
    const body = { ...fixed };
    for (const { field, input } of inputs) if (field.flag) body[field.name] = input.checked || undefined;
    else if (input.value.trim()) body[field.name] = field.number ? Number(input.value) : input.value.trim();
    try {
      const answer = await post(path, body);
      end();
      done(answer);
    } catch (error) {
      problem.textContent = error.message;
      go.disabled = false;
    }
  }
  document.body.append(dialog);
  dialog.showModal();
  inputs[0].input.focus();
}

// Buttons that copy, and say whether they did.

import { h, icon } from "./dom.js";
import { say } from "./words.js";

/** A button that copies the text of `node`, and a note that says whether it did; `key` names the words on it. */
export function copyButton(key, node) {
  return button(key, () => copied(node.textContent, node));
}

/** The same for a text that `make` returns when the button is pressed. */
export function copyText(key, make) {
  return button(key, () => copied(make(), null));
}

function button(key, copy) {
  const answer = h("span", { class: "copy-status", role: "status" });
  const onclick = async () => {
    answer.textContent = say((await copy()) ? "detail.copied" : "detail.not copied");
  };
  return [answer, h("button", { type: "button", onclick }, icon("copy"), say(key))];
}

/** On plain http the clipboard is closed to pages, so the selection is copied instead: of `node`, or of a hidden field. */
async function copied(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return node ? bySelection(node) : byField(text);
  }
}

function bySelection(node) {
  getSelection().selectAllChildren(node);
  return document.execCommand("copy");
}

function byField(text) {
  const field = h("textarea", { class: "skip", "aria-hidden": "true" });
  field.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}

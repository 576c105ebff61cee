// A button that copies what an element shows, and says whether it did.

import { h, icon } from "./dom.js";
import { say } from "./words.js";

/** The button and its answer; `key` names the words on it, `node` what is copied. */
export function copyButton(key, node) {
  const told = h("span", { class: "told", role: "status" });
  const onclick = async () => {
    told.textContent = say((await copied(node)) ? "detail.copied" : "detail.not copied");
  };
  return [told, h("button", { type: "button", onclick }, icon("copy"), say(key))];
}

/** Copy what `node` shows; on plain http the clipboard is closed to pages, so the selection is copied instead. */
async function copied(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}

// The button that makes a CSV file of a list.

import { csvParts, save } from "./csv.js";
import { h } from "./dom.js";
import { say } from "./words.js";

/** A button that hands over what is listed, all pages of it, as a file. */
export function downloadView(held) {
  let wanted = null;
  let isMaking = false;
  const told = h("span", { class: "quiet", role: "status" });
  const button = h("button", { type: "button", "aria-disabled": "true", onclick: () => download() }, say("csv"));
  async function download() {
    if (wanted === null || isMaking) return;
    const asked = wanted;
    isMaking = true;
    [button.textContent, told.textContent] = [say("csv.making"), ""];
    try {
      save(`${asked.service}-${held.scope}-${asked.list}.csv`, await csvParts(held.each(asked)));
    } catch (error) {
      console.error(error);
      told.textContent = say("csv.failed");
    }
    isMaking = false;
    button.textContent = say("csv");
  }
  function update(asked) {
    wanted = asked;
    button.setAttribute("aria-disabled", String(asked === null));
  }
  return { node: h("span", { class: "filters" }, told, button), update };
}

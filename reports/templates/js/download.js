// The button that makes a CSV file of a list.

import { csvParts, save } from "./csv.js";
import { h } from "./dom.js";
import { say } from "./words.js";

/** A button that hands over what is listed, all pages of it, as a file. */
export function downloadView(scopeData) {
  let wanted = null;
  let isMaking = false;
  const status = h("span", { class: "quiet", role: "status" });
  const button = h("button", { type: "button", "aria-disabled": "true", onclick: () => download() }, say("csv"));
  async function download() {
    if (wanted === null || isMaking) return;
    const request = wanted;
    isMaking = true;
    [button.textContent, status.textContent] = [say("csv.making"), ""];
    try {
      save(`${request.service}-${scopeData.scope}-${request.list}.csv`, await csvParts(scopeData.each(request)));
    } catch (error) {
      console.error(error);
      status.textContent = say("csv.failed");
    }
    isMaking = false;
    button.textContent = say("csv");
  }
  function update(request) {
    wanted = request;
    button.setAttribute("aria-disabled", String(request === null));
  }
  return { node: h("span", { class: "filters" }, status, button), update };
}

// Where a product can be seen, in words.

import { known, say } from "./words.js";

export function visibility(places) {
  if (places === null || places === undefined) return null;
  return places.length ? places.map((place) => known("visible.", place)).join(", ") : say("visible.none");
}

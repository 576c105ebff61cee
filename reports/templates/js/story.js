// A product's story in one scope: its versions within the stored history, loaded when somebody opens it.

import { loadJson } from "./load.js";

/**
 * {since, versions, answers} of a SKU: versions oldest first, answers with the names of their services. If the
 * log has only the entry with which the stored history begins, versions is null. A story without newer entries stands in
 * an older version of the page, its base.
 */
export async function storyOf(version, scope, sku) {
  const { since, services, firsts, base } = await loadJson(version, `${scope}/stories0`);
  const file = fileOf(firsts, sku);
  const story = file < 0 ? undefined : own(await loadJson(version, `${scope}/story${file}`), sku);
  if (!story && base) return { ...(await storyOf(base, scope, sku)), since };
  if (!story) return { since, versions: null, answers: [] };
  return { since, versions: story.versions, answers: story.answers.map((answer) => ({ ...answer, service: services[answer.service] })) };
}

function own(stories, sku) {
  return Object.hasOwn(stories, sku) ? stories[sku] : undefined;
}

/** The file that would hold a SKU, by the first SKU of each; -1 before the first. */
export function fileOf(firsts, sku) {
  let [low, high] = [0, firsts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(firsts[middle], sku) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Texts in the order of their code points, which is how the files are sorted; JavaScript's own order is another. */
function compare(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const apart = left[i].codePointAt(0) - right[i].codePointAt(0);
    if (apart) return apart;
  }
  return left.length - right.length;
}

/** When the texts of a product changed, oldest first: {at, run, fields}. It begins anew, with no field, where it was added. */
export function textChanges({ versions }, fields) {
  const of = ({ at, run, isOther, changes }) => ({ at, run, fields: isOther ? textsOf(changes, fields) : [] });
  return (versions ?? []).filter((version) => version.change === "added" || textsOf(version.changes, fields).length).map(of);
}

function textsOf(changes, fields) {
  return (changes ?? []).map(({ field }) => field).filter((field) => fields.includes(field));
}

// Elements without markup: text only ever becomes text nodes, so no name and no sentence can turn into a tag.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Text of a catalog or of a person: it keeps its own reading direction and does not change its surroundings. */
export function foreign(text) {
  return h("bdi", {}, text ?? "");
}

/** A link if `url` is http or https, else its text alone: no other kind of address may be followed from here. */
export function link(url, ...children) {
  const shown = children.length ? children : [foreign(url)];
  if (!isWeb(url)) return h("span", {}, ...shown);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...shown);
}

export function isWeb(url) {
  if (!/^https?:\/\/[^\s]/i.test(url ?? "")) return false;
  try {
    return ["http:", "https:"].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}

const STROKES = {
  search: ["M7 2.6a4.4 4.4 0 1 1 0 8.8 4.4 4.4 0 0 1 0-8.8Z", "m10.3 10.3 3.4 3.4"],
  close: ["m4 4 8 8", "m12 4-8 8"],
  copy: ["M6 5.5h7v8H6z", "M10 5.5v-3H3v8h3"],
  warn: ["M8 2 14.5 13.5h-13L8 2Z", "M8 6.5v3.2", "M8 11.4v.6"],
  check: ["m3.2 8.4 3.2 3.2 6.4-7"],
  cross: ["m4.5 4.5 7 7", "m11.5 4.5-7 7"],
  pause: ["M5.5 4v8", "M10.5 4v8"],
  dash: ["M4 8h8"],
  sync: ["M13 6.5A5.3 5.3 0 0 0 3.6 5", "M3.4 2.4V5.2h2.8", "M3 9.5A5.3 5.3 0 0 0 12.4 11", "M12.6 13.6v-2.8H9.8"],
  theme: ["M8 2.5a5.5 5.5 0 1 0 0 11Z", "M8 2.5a5.5 5.5 0 0 1 0 11"],
};

/** A small drawing that says nothing by itself: words always stand beside it. */
export function icon(name) {
  const strokes = STROKES[name].map((d) => svg("path", { d }));
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" },
    ...strokes,
  );
}

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  const shown = children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false);
  node.append(...shown);
  return node;
}

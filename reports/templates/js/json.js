// JSON laid out for reading without being parsed into values: every token stays the text that the service received.

import { foreign, h, isWeb, link } from "./dom.js";

const TOKEN = /"(?:[^"\\]|\\.)*"|[-+.\w]+|[{}[\],:]/g;

/** The tokens of a JSON text with line breaks and indentation between them, as [kind, text] pairs. */
export function layOut(text) {
  const tokens = text.match(TOKEN) ?? [];
  const out = [];
  let depth = 0;
  tokens.forEach((token, i) => {
    const next = tokens[i + 1];
    if ("}]".includes(token)) depth -= 1;
    if (needsBreak(tokens[i - 1], token)) out.push(["space", `\n${"  ".repeat(depth)}`]);
    out.push([kindOf(token, next), token]);
    if (token === ":") out.push(["space", " "]);
    if ("{[".includes(token)) depth += 1;
  });
  return out;
}

/** A JSON text as nodes: texts isolated, addresses of the web as links. */
export function jsonNodes(text) {
  return layOut(text).map(([kind, token]) => {
    if (kind === "space" || kind === "sign") return token;
    if (kind === "text") return textNode(token);
    return h("span", { class: `json-${kind}` }, token);
  });
}

function needsBreak(before, token) {
  if (before === undefined) return false;
  if ("{[".includes(before)) return !"}]".includes(token);
  return before === "," || ("}]".includes(token) && !"{[".includes(before));
}

function kindOf(token, next) {
  if ("{}[],:".includes(token)) return "sign";
  if (token.startsWith('"')) return next === ":" ? "key" : "text";
  return "value";
}

function textNode(token) {
  const plain = token.slice(1, -1);
  const shown = isWeb(plain) && !plain.includes("\\") ? link(plain) : foreign(plain);
  return h("span", { class: "json-text" }, '"', shown, '"');
}

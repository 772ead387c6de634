/* What differs between two states, part by part. */

import { make } from "./app.js";

const LONG = 400;

export const oneLine = (value) => {
  const text = value === null || value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
};

/** As a ruleset would write it. */
function nameOf([kind, ...words]) {
  return (kind === "entity" ? [words[0], `ent:${words[1]}`, ...words.slice(2)] : [kind, ...words]).join(" › ");
}

export function drawDifferences(differences) {
  if (!differences.length) return make("p", { class: "soft" }, "Nothing differs.");
  return make("div", {}, differences.map((one) => make("div", { class: "change" },
    make("code", {}, nameOf(one.part)),
    make("del", {}, make("span", { class: "unseen" }, "was "), oneLine(one.old)),
    make("ins", {}, make("span", { class: "unseen" }, "is "), oneLine(one.new)))));
}

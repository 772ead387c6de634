/* The tab for testing: forms whose answers are shown where they were asked for. */

import { ask, attempt, make, picoPath, READERS, readForm } from "./app.js";

const page = document.getElementById("pico");

READERS.loose = (text) => {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const words = (path) => path.split("/").map(encodeURIComponent).join("/");

async function send(form, output) {
  const eci = encodeURIComponent(document.getElementById("channel").value);
  const given = readForm(form);
  if (form.dataset.query) {
    const value = await ask("POST", `/c/${eci}/query/${words(form.dataset.query)}`, given);
    output.append(shown("The answer", value));
    return;
  }
  const isAny = form.dataset.event === "";
  const path = isAny ? `${document.getElementById("any-domain").value}/${document.getElementById("any-name").value}` : form.dataset.event;
  const attrs = isAny ? READERS.json(document.getElementById("any-attrs").value) || {} : given;
  const told = await ask("POST", `/c/${eci}/event-wait/${words(path)}`, attrs);
  output.append(
    make("p", { class: "done" }, told.directives.length ? "It was run; its directives:" : "It was run, and directed nothing. ", " ",
      make("a", { href: `${picoPath(page.dataset.pico, "log")}?eid=${encodeURIComponent(told.eid)}` }, "What came of it, and why")),
    told.directives.length ? shown("Directives", told.directives) : "");
}

const shown = (label, value) => make("pre", { class: "card", tabindex: "0", "aria-label": label }, JSON.stringify(value, null, 2));

for (const form of document.querySelectorAll("form.test")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const output = form.querySelector("output");
    attempt(form.querySelector("button"), output, () => send(form, output));
  });
}

/* The tab of channels: policies written as lines, and the DID of a channel when somebody asks for it. */

import { ask, attempt, make, Problem, READERS } from "./app.js";

const EXAMPLES = { events: ["domain", ":", "lamp:switched"], queries: ["rid", "/", "lamp/status"] };

function readPolicy(text, kind) {
  const [scope, between, example] = EXAMPLES[kind];
  const policy = { allow: [], deny: [] };
  for (const line of text.split("\n").map((one) => one.trim()).filter(Boolean)) {
    const parts = line.replace(/^!\s*/, "").split(between);
    if (parts.length !== 2 || !parts[0] || !parts[1]) {
      throw new Problem(`“${line}” is no line of a policy`, `each has two words with ${between} between them`, `an example: ${example}`);
    }
    policy[line.startsWith("!") ? "deny" : "allow"].push({ [scope]: parts[0].trim(), name: parts[1].trim() });
  }
  return policy;
}

READERS.events = (text) => readPolicy(text, "events");
READERS.queries = (text) => readPolicy(text, "queries");

for (const button of document.querySelectorAll("button[data-did]")) {
  button.addEventListener("click", () => {
    const place = make("output", {});
    button.after(place);
    attempt(button, place, async () => {
      const told = await ask("GET", `/api/did?eci=${encodeURIComponent(button.dataset.did)}`);
      place.append(make("code", {}, told.did), " ", make("button", { type: "button", class: "quiet", "data-copy": told.did }, "copy"));
      button.remove();
    });
  });
}

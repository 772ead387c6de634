/* The tab of rulesets: editing one, and trying, installing, upgrading and taking back what was written. */

import { ask, attempt, make, Problem } from "./app.js";
import { edit } from "./editor.js";
import { drawDifferences, oneLine } from "./differences.js";

const page = document.getElementById("pico");
const eci = page.dataset.eci;
const source = document.getElementById("source");

if (source) {
  const editor = edit(source, document.getElementById("verdict"), document.getElementById("findings"));
  const output = document.getElementById("outcome");
  const on = (id, work) => {
    const button = document.getElementById(id);
    button?.addEventListener("click", () => attempt(button, output, () => work(editor.text(), output)));
  };
  on("try", tryIt);
  on("upgrade", upgrade);
  on("install", install);
  on("rollback", (_, place) => rollBack(place));
}

/** Kept under its CID; that changes no pico. */
async function keep(text) {
  const kept = await ask("POST", "/api/rulesets", text);
  return { ...kept, url: `ipfs://${kept.cid}` };
}

function ofSame(kept) {
  const rid = source.dataset.rid;
  if (kept.rid === rid) return;
  throw new Problem(`this text is of the ruleset ${kept.rid}, and not of ${rid}`, "an upgrade puts another text of the same ruleset in its place", `name it ${rid} again, or install it beside: “Install another”`);
}

async function tryIt(text, output) {
  const kept = await keep(text);
  ofSame(kept);
  const events = Number(document.getElementById("events").value);
  const told = await ask("POST", `/api/rulesets/${encodeURIComponent(kept.rid)}/upgrade`, { eci, url: kept.url, try: true, events });
  output.replaceChildren(...told.trials.map(drawTrial));
}

function drawTrial(trial) {
  if (trial.unchanged) return make("p", { class: "note" }, "It is the very text that is in force: an upgrade would change nothing.");
  const heading = trial.others.length
    ? `${trial.others.length} of the last ${trial.turns} turns would have come out otherwise`
    : `All of the last ${trial.turns} turns would have come out the same`;
  return make("section", { class: "stack", id: "trial" },
    make("p", { class: trial.others.length ? "note" : "done" }, heading, "."),
    trial.now?.reason && make("p", { class: "note" }, trial.now.reason),
    trial.others.length ? make("ul", { class: "plain stack" }, trial.others.map(drawTurn)) : null,
    make("h3", {}, "What the variables would be now"),
    drawDifferences(trial.beyond_upgrade || trial.differences || []));
}

const drawTurn = (turn) => make("li", {},
  make("strong", {}, `Turn ${turn.seq} ${turn.event || ""}`), ` ${turn.status}`,
  turn.contrasts ? make("ul", {}, turn.contrasts.map((one) => make("li", {}, `${one.part}: `, make("code", {}, oneLine(one.then)), " → ", make("code", {}, oneLine(one.now))))) : null);

async function upgrade(text) {
  const kept = await keep(text);
  ofSame(kept);
  const told = await ask("POST", `/api/rulesets/${encodeURIComponent(kept.rid)}/upgrade`, { eci, url: kept.url });
  if (told.failed.length) throw new Problem("the new text is not in force", told.failed[0].reason, "the old one goes on; mend the text and try again");
  location.reload();
}

async function install(text) {
  const kept = await keep(text);
  await ask("POST", "/api/install", { eci, url: kept.url });
  location.assign(`?rid=${encodeURIComponent(kept.rid)}`);
}

/** Where an upgrade changed variables somebody has to say on which the old text is to run. */
async function rollBack(place, state) {
  const rid = source.dataset.rid;
  try {
    await ask("POST", `/api/rulesets/${encodeURIComponent(rid)}/rollback`, state ? { eci, state } : { eci });
  } catch (problem) {
    if (problem.document?.code !== "undecided") throw problem;
    const choice = (label, value) => make("button", { type: "button", onclick: (event) => attempt(event.target, null, () => rollBack(place, value)) }, label);
    place.replaceChildren(make("div", { class: "note stack" }, make("strong", {}, problem.what),
      make("div", { class: "row" }, choice("Keep the variables as they are now", "keep"), choice("Put them back as they were", "restore"))));
    return;
  }
  location.reload();
}

/* The page of engines: picos are dragged onto one, or chosen and sent by its button; moves are followed to their end. */

import { ask, attempt, called, make, say, short } from "./app.js";
import { swap } from "./swap.js";

const LOOK_MS = 700;
const LOOKS = 120;
const UNDER_WAY = new Set(["offered", "leaving", "accepted", "staged"]);
const movable = () => document.getElementById("movable");

async function move(pico, card) {
  const button = card.querySelector("[data-move-here]");
  const place = card.querySelector(".moved");
  await attempt(button, place, async () => {
    const told = await ask("POST", "/api/moves", { eci: pico, to: card.dataset.engine });
    if (!told.attempt) {
      place.replaceChildren(make("p", { class: "note" }, "It lives there already."));
      return;
    }
    place.replaceChildren(make("p", { class: "done" }, `On its way to ${card.dataset.name}…`));
    await follow(told.did, pico, card, place);
  });
}

/** Until it is there, or stays. */
async function follow(did, pico, card, place) {
  for (let i = 0; i < LOOKS; i += 1) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    const { moves } = await ask("GET", "/api/moves");
    const now = moves.find((one) => one.pico === pico || (did && one.did === did));
    if (i % 3 === 0) await swap(location.href, "#moves-list");
    if (now && UNDER_WAY.has(now.phase) && !now.failed) continue;
    await swap(location.href, "#moves-list");
    const isThere = now && now.phase !== "live";
    const text = isThere ? `It lives on ${card.dataset.name} now.` : `It stays here${now?.failed ? `: ${now.failed}` : "."}`;
    place.replaceChildren(make("p", { class: isThere ? "done" : "note" }, text));
    if (isThere) movable().querySelector(`[data-pico="${CSS.escape(pico)}"]`)?.remove();
    say(text);
    return;
  }
  place.replaceChildren(make("p", { class: "note" }, "It is still on its way; the list of moves has the rest."));
}

// --- by mouse ---

document.addEventListener("dragstart", (event) => {
  const row = event.target.closest?.(".movable");
  if (!row) return;
  event.dataTransfer.setData("text/plain", row.dataset.pico);
  event.dataTransfer.effectAllowed = "move";
});

for (const card of document.querySelectorAll(".engine[data-engine]")) {
  card.addEventListener("dragover", (event) => {
    event.preventDefault();
    card.classList.add("over");
  });
  card.addEventListener("dragleave", () => card.classList.remove("over"));
  card.addEventListener("drop", (event) => {
    event.preventDefault();
    card.classList.remove("over");
    const pico = event.dataTransfer.getData("text/plain");
    if (pico) move(pico, card);
  });
  // --- by keyboard ---
  card.querySelector("[data-move-here]")?.addEventListener("click", () => {
    const chosen = movable().querySelector("input:checked");
    const place = card.querySelector(".moved");
    if (chosen) move(chosen.value, card);
    else place.replaceChildren(make("p", { class: "note" }, "Choose a pico in the list “Picos to move” first."));
  });
}

// --- finding ---

let waiting;
document.getElementById("find-pico").addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => find(event.target.value.trim()), 200);
});

async function find(text) {
  const told = text
    ? await ask("GET", `/api/picos?search=${encodeURIComponent(text)}`).catch((problem) => ({ picos: [], problem }))
    : null;
  if (!told) {
    await swap(location.href, "#movable");
    return;
  }
  const rows = told.picos.filter((one) => !one.is_root && !one.moved).map((one) => make("label", { class: "inline movable", draggable: "true", "data-pico": one.id },
    make("input", { type: "radio", name: "pico", value: one.id }), " ", make("span", {}, called(one)), " ", make("span", { class: "soft mono" }, short(one.id))));
  document.getElementById("movable").replaceChildren(...(rows.length ? rows : [make("p", { class: "soft" }, "No pico is called that.")]));
}

document.getElementById("invite-engine").addEventListener("answered", (event) => {
  event.preventDefault();
  const { url } = event.detail;
  event.target.querySelector("output").replaceChildren(make("div", { class: "done stack" },
    make("strong", {}, "The other engine accepts it with its own page, or with `picomesh engines add`."),
    make("label", {}, "Invitation", make("input", { class: "mono", readonly: true, value: url, id: "engine-invitation" })),
    make("div", {}, make("button", { type: "button", "data-copy": url }, "Copy it"))));
});

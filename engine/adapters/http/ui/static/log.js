/* The tab with the log: turns as they come, over server-sent events, and the reasons of the one that is chosen. */

import { ask, make, say, tellTimes, time } from "./app.js";
import { swap } from "./swap.js";

const MOST = 300;
const MOST_EXPLAINED = 50;
const PAUSE_MS = 250;
let unexplained = 0;
let waiting;
const page = document.getElementById("pico");
const live = document.getElementById("live");

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.turn");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  for (const one of document.querySelectorAll("a.turn[aria-current]")) one.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  history.replaceState(null, "", link.href);
  const detail = document.getElementById("detail");
  detail.setAttribute("aria-busy", "true");
  await swap(link.href, "#detail");
});

// Up and down in the list, as in any.
document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("a.turn");
  const way = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!link || !way) return;
  event.preventDefault();
  link.parentElement[way]?.querySelector("a.turn")?.focus();
});

function add(turn) {
  let list = document.getElementById("list");
  if (!list.matches("ol")) {
    const fresh = make("ol", { class: "plain turns", id: "list", tabindex: "0", "aria-label": "Turns, the newest first" });
    list.replaceWith(fresh);
    list = fresh;
  }
  const href = `?eid=${encodeURIComponent(turn.eid)}`;
  if ([...list.querySelectorAll("a.turn")].slice(0, 20).some((one) => one.getAttribute("href") === href)) return;
  const isFailed = turn.outcome === "failed";
  list.prepend(make("li", {}, make("a", { class: `turn fresh ${isFailed ? "failed" : "idle"}`, href },
    make("span", { class: "mono soft" }, String(turn.seq)), make("strong", {}, turn.event), make("small", { class: "soft" }, time(turn.time)),
    make("small", { class: "rules" }, isFailed ? `failed: ${turn.fault?.message}` : "…"))));
  while (list.children.length > MOST) list.lastElementChild.remove();
  tellTimes(list);
  say(`${turn.event} came`);
  unexplained += 1;
  clearTimeout(waiting);
  waiting = setTimeout(explain, PAUSE_MS);
}

/** Which rules fired is found out by running turns again, so it is asked for many at once. */
async function explain() {
  const count = Math.min(unexplained, MOST_EXPLAINED);
  unexplained = 0;
  const told = await ask("GET", `/api/log?eci=${encodeURIComponent(page.dataset.pico)}&n=${count}`).catch(() => ({ events: [] }));
  for (const turn of told.events) {
    const row = document.querySelector(`#list a[href="?eid=${CSS.escape(encodeURIComponent(turn.eid))}"]`);
    if (!row || turn.outcome === "failed") continue;
    const fired = (turn.fired || []).map((one) => `${one.rid}/${one.rule}`);
    row.classList.toggle("fired", fired.length > 0);
    row.querySelector(".rules")?.replaceChildren(fired.join(", ") || "no rule fired");
  }
}

function listen() {
  const source = new EventSource(`/api/events?eci=${encodeURIComponent(page.dataset.pico)}&after=${live.dataset.after}`);
  source.addEventListener("ready", () => tell("live", "good"));
  source.addEventListener("ended", () => tell("its life has ended", "bad"));
  source.addEventListener("error", () => tell("connecting again…", "warn"));
  source.addEventListener("turn", (event) => add(JSON.parse(event.data)));
  source.addEventListener("gap", () => swap(location.href, "#list"));
}

function tell(text, mood) {
  live.textContent = text;
  live.className = `more tag ${mood}`;
}

listen();

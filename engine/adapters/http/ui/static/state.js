/* The slider through a pico's turns: what it was then, drawn by the engine as soon as the slider rests. */

import { swap } from "./swap.js";

const REST_MS = 120;
const slider = document.getElementById("at");
const form = document.getElementById("travel");
let waiting;

function go(to) {
  const turn = Math.min(Math.max(to, Number(slider.min)), Number(slider.max));
  slider.value = String(turn);
  tell(turn);
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    history.replaceState(null, "", `?at=${turn}`);
    await swap(location.href, "#shown");
  }, REST_MS);
}

function tell(turn) {
  const isNow = turn === Number(slider.max);
  document.getElementById("moment").textContent = `after turn ${turn} of ${slider.max}${isNow ? " (now)" : ""}`;
  for (const button of form.querySelectorAll("[data-step]")) {
    button.disabled = Number(button.dataset.step) < 0 ? turn === Number(slider.min) : isNow;
  }
}

slider.addEventListener("input", () => go(Number(slider.value)));
form.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]")?.dataset.step;
  if (step) go(Number(slider.value) + Number(step));
});
form.addEventListener("submit", (event) => event.preventDefault());

/* Parts of a page that are drawn anew by the engine, while the rest of it stays. */

import { drawProblem, tellTimes } from "./app.js";

let newest = 0;

/** Fetches a page of ours and puts its parts in the place of those here. A later wish overtakes an earlier one. */
export async function swap(path, ...selectors) {
  const mine = ++newest;
  let text;
  try {
    const answer = await fetch(path, { credentials: "same-origin", headers: { accept: "text/html" } });
    text = await answer.text();
  } catch {
    document.querySelector(selectors[0]).replaceChildren(drawProblem({ what: "the engine does not answer", why: "it may have stopped, or the network is gone", how: "try again in a moment" }));
    return false;
  }
  if (mine !== newest) return false;
  const drawn = new DOMParser().parseFromString(text, "text/html");
  for (const selector of selectors) {
    const fresh = drawn.querySelector(selector) || drawn.querySelector(".problem");
    const place = document.querySelector(selector);
    if (!fresh || !place) continue;
    if (fresh.matches(selector)) place.replaceWith(document.importNode(fresh, true));
    else place.replaceChildren(document.importNode(fresh, true));
  }
  tellTimes();
  return true;
}

/* The page about the system keeps itself fresh, while somebody looks at it. */

import { swap } from "./swap.js";

const EVERY_MS = 5000;

async function refresh() {
  if (document.hidden) return;
  const health = document.getElementById("health");
  let isReady = false;
  try {
    isReady = (await fetch("/readyz")).ok;
  } catch {
    // told below
  }
  health.textContent = isReady ? "takes work" : "does not answer";
  health.className = `tag ${isReady ? "good" : "bad"}`;
  if (isReady) await swap(location.href, "#figures");
}

setInterval(refresh, EVERY_MS);

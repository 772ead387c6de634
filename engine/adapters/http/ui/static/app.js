/* What all pages share: asking the engine, saying what went wrong, forms, times, copying. */

export class Problem extends Error {
  constructor(what, why, how, document = {}) {
    super(what);
    Object.assign(this, { what, why, how, document });
  }
}

/** Ask the JSON API. `body` is sent as JSON, a string as text. Throws a Problem. */
export async function ask(method, path, body) {
  const options = { method, headers: { accept: "application/json" }, credentials: "same-origin" };
  if (typeof body === "string") {
    options.headers["content-type"] = "text/plain; charset=utf-8";
    options.body = body;
  } else if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Problem("the engine does not answer", "it may have stopped, or the network is gone",
      "look whether `picomesh serve` runs, then try again");
  }
  const text = await answer.text();
  const found = (answer.headers.get("content-type") || "").includes("json") && text ? JSON.parse(text) : text;
  if (answer.ok) return found;
  if (answer.status === 401) {
    throw new Problem("you are not logged in any more", "the session has ended", "`picomesh open` makes a new link", found);
  }
  const hint = found.hint || (answer.status >= 500 ? "the engine's log has the details" : "");
  throw new Problem(found.detail || text || answer.statusText, `${(found.title || answer.statusText).toLowerCase()} (${found.code || answer.status})`, hint, found);
}

/** An element with attributes and children; text is never read as HTML. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const sentence = (text) => (/[.?!]$/.test(text) ? text : `${text}.`);

export function drawProblem(problem) {
  const lines = [make("strong", {}, problem.what || String(problem))];
  if (problem.why) lines.push(make("span", {}, `Why: ${sentence(problem.why)}`));
  if (problem.how) lines.push(make("span", {}, `What helps: ${sentence(problem.how)}`));
  for (const one of problem.document?.diagnostics || []) {
    lines.push(make("span", { class: "mono" }, `${one.loc.start.line}:${one.loc.start.column} ${one.code} ${one.message}`));
  }
  for (const one of problem.document?.places || []) {
    lines.push(make("span", { class: "mono" }, `${one.rid} ${one.line}:${one.column} in ${one.within}`));
  }
  return make("div", { class: "problem", role: "alert" }, lines);
}

export const say = (text) => {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
};

/** Do something that takes a while and may fail, showing both at the button and in `place`. */
export async function attempt(button, place, work) {
  button?.setAttribute("aria-busy", "true");
  if (button) button.disabled = true;
  place?.replaceChildren();
  try {
    return await work();
  } catch (problem) {
    if (!(problem instanceof Problem)) console.error(problem);
    place?.append(drawProblem(problem));
    return undefined;
  } finally {
    button?.removeAttribute("aria-busy");
    if (button) button.disabled = false;
  }
}

export const called = (pico) => pico.name || (pico.is_root ? "root pico" : short(pico.id));
export const short = (id) => (id.length > 10 ? `${id.slice(0, 8)}…` : id);
export const picoPath = (id, tab = "") => `/ui/picos/${encodeURIComponent(id)}${tab ? `/${tab}` : ""}`;

// --- times ---

const NEAR = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const UNITS = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];

export function tellTimes(within = document) {
  for (const element of within.querySelectorAll("time[datetime]")) {
    const then = new Date(element.dateTime);
    if (Number.isNaN(then.getTime())) continue;
    const away = then.getTime() - Date.now();
    const [unit, size] = UNITS.find(([, one]) => Math.abs(away) >= one) || UNITS[3];
    const isNear = Math.abs(away) < 7 * 86_400_000;
    element.textContent = isNear ? NEAR.format(Math.round(away / size), unit) : EXACT.format(then);
    element.title = EXACT.format(then);
  }
}

export const time = (iso) => make("time", { datetime: iso }, iso);

// --- forms: <form data-call="POST /api/…"> sends its fields as JSON; data-then says what follows ---

export const READERS = {
  number: (text) => (text === "" ? undefined : Number(text)),
  list: (text) => text.split(/[\s,]+/).filter(Boolean),
  json: (text) => {
    if (!text.trim()) return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Problem("that is no JSON", error.message, 'an example: {"count": 1}');
    }
  },
  maybe: (text) => (text === "" ? undefined : text),
};

export function readForm(form) {
  const found = {};
  for (const field of form.elements) {
    if (!field.name || field.disabled || ((field.type === "radio") && !field.checked)) continue;
    const value = field.type === "checkbox" ? field.checked : (READERS[field.dataset.as] || String)(field.value);
    if (value !== undefined) found[field.name] = value;
  }
  return found;
}

async function send(form) {
  const [method, path] = form.dataset.call.split(" ");
  const place = form.querySelector("output") || form.appendChild(make("output"));
  const question = form.dataset.sure;
  if (question && !window.confirm(question)) return;
  await attempt(form.querySelector("button:not([type=button])"), place, async () => {
    const answer = await ask(method, path, readForm(form));
    const done = new CustomEvent("answered", { detail: answer, bubbles: true, cancelable: true });
    if (!form.dispatchEvent(done)) return;
    if (form.dataset.then === "show") place.append(make("pre", { class: "card", tabindex: "0", "aria-label": "Answer" }, JSON.stringify(answer, null, 2)));
    else if (form.dataset.then?.startsWith("/")) location.assign(form.dataset.then);
    else location.reload();
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-call]");
  if (!form) return;
  event.preventDefault();
  send(form);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
    button.textContent = "copied";
  } catch {
    window.prompt("Copy this:", text);
  }
});

// "/" goes to the search, as everywhere.
document.addEventListener("keydown", (event) => {
  const isTyping = event.composedPath()[0].matches?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.getElementById("find")?.focus();
});

tellTimes();
setInterval(tellTimes, 20_000);

// Whoever forks a pico wants to see what came of it.
document.getElementById("fork")?.addEventListener("answered", (event) => {
  event.preventDefault();
  location.assign(picoPath(event.detail.id));
});

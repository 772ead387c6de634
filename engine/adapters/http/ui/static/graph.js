/* The living graph: picos with their children, relationships and engines. The family is kept in family.js, places come from
graph_layout.js, Cytoscape draws on a canvas. Everything can be done by keyboard, and is in the list beside as well. */

import { ask, attempt, called, drawProblem, make, picoPath, say, short, tellTimes } from "./app.js";
import { Family } from "./family.js";
import { arrange } from "./graph_layout.js";
import cytoscape from "./vendor/cytoscape.js";

const LISTED = 60;
const QUIET_MS = 800;
const family = new Family();
const place = document.getElementById("graph");
const state = document.getElementById("state");
let cy;
let chosen = null;
let engines = { here: null, engines: [] };

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function style() {
  return [
    { selector: "node", style: {
      width: 26, height: 26, "background-color": colour("accent"), label: "data(label)", color: colour("ink"),
      "font-family": "Inter, sans-serif", "font-size": 12, "text-valign": "bottom", "text-margin-y": 5,
      "text-max-width": 120, "text-wrap": "ellipsis", "min-zoomed-font-size": 8, "border-width": 0 } },
    { selector: "node.root", style: { width: 38, height: 38, "font-weight": 600 } },
    { selector: "node.closed", style: { "border-width": 3, "border-color": colour("line-strong"), "border-style": "double" } },
    { selector: "node.group", style: { width: 58, height: 58, "background-color": colour("surface"), "border-width": 1.5, "border-style": "dashed", "border-color": colour("line-strong"), color: colour("soft"), "text-valign": "center", "text-margin-y": 0, "font-size": 11, "text-max-width": 54, "text-wrap": "wrap" } },
    { selector: "node.opened", style: { width: 22, height: 22, "border-color": colour("accent"), label: "" } },
    { selector: "node.engine", style: { shape: "round-rectangle", "text-max-width": 220, width: 44, height: 28, "background-color": colour("code-word") } },
    { selector: "node.away", style: { "background-color": colour("sunk"), "border-width": 2, "border-color": colour("accent"), "border-style": "dotted" } },
    { selector: "node.troubled", style: { "background-color": colour("bad") } },
    { selector: "node:selected", style: { "overlay-color": colour("accent"), "overlay-opacity": 0.22, "overlay-padding": 7 } },
    { selector: "node.busy", style: { "overlay-color": colour("warn"), "overlay-opacity": 0.45, "overlay-padding": 9 } },
    { selector: "edge", style: { width: 1.2, "line-color": colour("line-strong"), "line-opacity": 0.55, "curve-style": "haystack" } },
    { selector: "edge.kin", style: { "curve-style": "unbundled-bezier", "line-color": colour("warn"), "line-style": "dashed", "line-opacity": 1 } },
    { selector: "edge.mesh", style: { "line-color": colour("code-word"), "line-style": "dotted", width: 2 } },
  ];
}

// --- drawing ---

function elements() {
  const ids = family.shown();
  const seen = new Set(ids);
  const places = new Map();
  let right = 0;
  for (const top of family.tops) {
    const own = arrange(top, (id) => family.below(id));
    const left = Math.min(...[...own.values()].map((at) => at.x));
    for (const [id, at] of own) places.set(id, { x: at.x - left + right, y: at.y });
    right = Math.max(...[...own.keys()].map((id) => places.get(id).x)) + 120;
  }
  const nodes = ids.map((id) => ({ data: { id, label: family.labelOf(id) }, position: places.get(id), classes: classesOf(id) }));
  const edges = ids.flatMap((id) => family.below(id).map((child) => ({ data: { id: `${id}→${child}`, source: id, target: child } })));
  return [...nodes, ...edges, ...kinEdges(ids, seen), ...engineElements(places)];
}

function classesOf(id) {
  const pico = family.picos.get(id);
  if (!pico) return family.isClosed(id) ? "group" : "group opened";
  const isAway = Boolean(pico.moved);
  const isTroubled = pico.damage || Object.keys(pico.quarantined || {}).length;
  return [id === family.root && "root", family.isClosed(id) && "closed", isTroubled && "troubled", isAway && "away"].filter(Boolean).join(" ");
}

function kinEdges(ids, seen) {
  const told = new Set();
  const found = [];
  for (const id of ids) {
    for (const kin of family.picos.get(id)?.kin || []) {
      const key = [id, kin.pico].sort().join("~");
      if (!kin.pico || !seen.has(kin.pico) || kin.pico === id || told.has(key)) continue;
      told.add(key);
      found.push({ data: { id: `kin ${key}`, source: id, target: kin.pico }, classes: "kin" });
    }
  }
  return found;
}

/** This engine stands above the root, the others beside it. */
function engineElements(places) {
  const root = places.get(family.root);
  if (!engines.here || !root) return [];
  const top = Math.min(...[...places.values()].map((at) => at.y)) - 110;
  const nodes = [{ data: { id: "engine", label: `${engines.here.name || "this engine"} (here)` }, position: { x: root.x, y: top }, classes: "engine" }];
  const edges = [{ data: { id: "engine→root", source: "engine", target: family.root }, classes: "mesh" }];
  engines.engines.forEach((one, i) => {
    const side = i % 2 ? -1 : 1;
    const at = { x: root.x + side * 170 * (Math.floor(i / 2) + 1), y: top };
    nodes.push({ data: { id: `engine ${one.did}`, label: one.name }, position: at, classes: "engine" });
    edges.push({ data: { id: `engine~${one.did}`, source: "engine", target: `engine ${one.did}` }, classes: "mesh" });
  });
  return [...nodes, ...edges, ...awayEdges(places)];
}

/** From picos that live on another engine now to where they are. */
function awayEdges(places) {
  const known = new Set(engines.engines.map((one) => one.did));
  return [...family.picos.values()].filter((pico) => pico.moved && known.has(pico.moved.engine) && places.has(pico.id))
    .map((pico) => ({ data: { id: `away ${pico.id}`, source: pico.id, target: `engine ${pico.moved.engine}` }, classes: "mesh" }));
}

function draw(isFirst = false) {
  if (isFirst) {
    cy = cytoscape({
      container: place, elements: elements(), style: style(), layout: { name: "preset" },
      minZoom: 0.02, maxZoom: 3, textureOnViewport: true, hideEdgesOnViewport: true, boxSelectionEnabled: false, pixelRatio: Math.min(devicePixelRatio, 2),
    });
    cy.on("tap", "node", (event) => choose(event.target.id()));
    cy.on("dbltap", "node", (event) => enter(event.target.id()));
    cy.fit(undefined, 50);
    if (cy.zoom() > 1.3) { cy.zoom(1.3); cy.center(); }
    place.dataset.drawn = String(performance.now());
  } else {
    cy.batch(() => {
      const fresh = elements();
      const kept = new Set(fresh.map((one) => one.data.id));
      cy.elements().filter((one) => !kept.has(one.id())).remove();
      for (const one of fresh) {
        const old = cy.getElementById(one.data.id);
        if (old.empty()) cy.add(one);
        else if (one.position) {
          old.position(one.position);
          old.classes(one.classes);
          old.data("label", one.data.label);
        }
      }
    });
  }
  window.picomeshGraph = cy; // for people who look into pages, and tests
  if (chosen && cy.getElementById(chosen).nonempty()) cy.getElementById(chosen).select();
}

// --- choosing and opening ---

function choose(id, isMoving = false) {
  const node = cy.getElementById(id);
  if (node.empty()) return;
  chosen = id;
  cy.elements(":selected").unselect();
  node.select();
  if (isMoving) {
    const { x1, x2, y1, y2 } = cy.extent();
    const { x, y } = node.position();
    if (x < x1 || x > x2 || y < y1 || y > y2) cy.center(node);
  }
  drawChosen();
}

async function enter(id) {
  if (id.startsWith("engine")) location.assign("/ui/engines");
  else if (family.groups.has(id) || family.isClosed(id)) await unfold(id);
  else location.assign(picoPath(id));
}

async function unfold(id) {
  await attempt(null, document.getElementById("chosen"), async () => {
    if (family.groups.get(id)?.isOpen) family.close(id);
    else await family.open(id);
    draw();
    choose(id, true);
    const around = cy.getElementById(id).closedNeighborhood();
    cy.stop().animate({ fit: { eles: around, padding: 60 } }, { duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 220 });
    say(`${family.nameOf(id)}: ${family.below(id).length} shown`);
  });
}

function drawChosen() {
  const box = document.getElementById("chosen");
  const pico = family.picos.get(chosen);
  const group = family.groups.get(chosen);
  if (pico) box.replaceChildren(...aboutPico(pico));
  else if (group) box.replaceChildren(...aboutGroup(group));
  else if (chosen) box.replaceChildren(make("h2", {}, cy.getElementById(chosen).data("label")), make("p", { class: "soft" }, "An engine that picos can live on."), make("a", { class: "button", href: "/ui/engines" }, "Engines"));
  drawList();
  tellTimes(box);
}

function aboutPico(pico) {
  const troubles = Object.entries(pico.quarantined || {}).map(([rid, why]) => make("p", { class: "note" }, `${rid} is set aside: ${why}`));
  if (pico.moved) troubles.push(make("p", { class: "note" }, "It lives on another engine now", pico.moved.url ? `, at ${pico.moved.url}` : "", "."));
  if (pico.damage) troubles.push(drawProblem({ what: "this pico cannot be read", why: pico.damage, how: "`picomesh replay` names the record" }));
  return [
    make("h2", {}, called(pico)),
    make("p", { class: "mono soft" }, short(pico.id)),
    ...troubles,
    make("dl", { class: "facts" },
      make("dt", {}, "Turns"), make("dd", {}, String(pico.seq ?? "–")),
      make("dt", {}, "Children"), make("dd", {}, pico.children.toLocaleString()),
      make("dt", {}, "Relationships"), make("dd", {}, String(pico.kin.length)),
      make("dt", {}, "Rulesets"), make("dd", {}, make("span", { class: "row" }, pico.rulesets.length ? pico.rulesets.map((rid) => make("span", { class: "tag" }, rid)) : "none"))),
    make("div", { class: "row" },
      make("a", { class: "button", href: picoPath(pico.id) }, "Open"),
      make("a", { class: "button", href: picoPath(pico.id, "log") }, "Log"),
      family.isClosed(pico.id) && make("button", { type: "button", onclick: () => unfold(pico.id) }, "Show its children")),
  ];
}

function aboutGroup(group) {
  return [
    make("h2", {}, family.nameOf(group.id)),
    make("p", { class: "soft" }, `Children of ${family.nameOf(group.parent)}, in the order of their births.`),
    make("div", { class: "row" }, make("button", { type: "button", onclick: () => unfold(group.id) }, group.isOpen ? "Close the group" : "Open the group")),
  ];
}

function countOf(id) {
  const count = family.groups.get(id)?.count || family.picos.get(id)?.children;
  return count ? `${count.toLocaleString()} ${family.groups.has(id) ? "picos" : "below"}` : "";
}

/** The neighbours of what is chosen, as a list: what the graph shows, for those who do not see it. */
function drawList() {
  const above = family.picos.get(chosen)?.parent || family.groups.get(chosen)?.parent;
  const below = chosen ? family.below(chosen) : [];
  const ids = below.length ? below : above ? family.around(chosen) : family.tops;
  const rows = ids.slice(0, LISTED).map((id) => make("button", { type: "button", "aria-current": String(id === chosen), onclick: () => choose(id, true) },
    make("span", {}, family.nameOf(id)), make("span", { class: "soft" }, countOf(id))));
  if (ids.length > LISTED) rows.push(make("span", { class: "soft" }, `and ${ids.length - LISTED} more`));
  if (above) rows.unshift(make("button", { type: "button", onclick: () => choose(above, true) }, `↑ ${family.nameOf(above)}`));
  document.getElementById("list").replaceChildren(...rows);
}

// --- keyboard ---

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The nearest one in that direction: what is beside the way counts double. */
function neighbour(id, [dx, dy]) {
  const from = cy.getElementById(id).position();
  let best = null;
  let least = Infinity;
  cy.nodes().forEach((node) => {
    const x = node.position("x") - from.x;
    const y = node.position("y") - from.y;
    const ahead = x * dx + y * dy;
    const distance = ahead + 2 * Math.abs(x * dy - y * dx);
    if (ahead > 1 && distance < least) [best, least] = [node.id(), distance];
  });
  return best;
}

place.addEventListener("keydown", (event) => {
  if (!cy || event.ctrlKey || event.metaKey || event.altKey) return;
  const current = chosen && cy.getElementById(chosen).nonempty() ? chosen : family.root;
  const arrow = ARROWS[event.key];
  if (arrow) choose(neighbour(current, arrow) || current, true);
  else if (event.key === "Enter" || event.key === " ") enter(current);
  else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (event.key === "0") cy.fit(undefined, 50);
  else return;
  event.preventDefault();
});

const zoom = (by) => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });

// --- search ---

async function search(text) {
  const box = document.getElementById("found");
  box.hidden = false;
  const list = box.querySelector(".listed");
  list.replaceChildren(make("span", { class: "soft", role: "status" }, "Searching…"));
  try {
    const told = await ask("GET", `/api/picos?search=${encodeURIComponent(text)}`);
    const rows = told.picos.map((pico) => make("a", { href: picoPath(pico.id), onfocus: () => choose(pico.id, true) }, make("span", {}, called(pico)), make("span", { class: "soft mono" }, short(pico.id))));
    if (told.cut) rows.push(make("span", { class: "soft" }, "There are more; type more of the name."));
    list.replaceChildren(...(rows.length ? rows : [make("span", { class: "soft" }, `Nothing here is called “${text}”. Names, ids, channels and rulesets were looked through.`)]));
    say(`${told.picos.length} found`);
  } catch (problem) {
    list.replaceChildren(drawProblem(problem));
  }
}

// --- life ---

let again;

function note(turn) {
  const node = cy?.getElementById(turn.pico);
  if (node?.nonempty()) {
    node.addClass("busy");
    setTimeout(() => node.removeClass("busy"), QUIET_MS);
  }
  if (turn.domain === "wrangler" || turn.domain === "engine") reloadSoon();
}

function reloadSoon() {
  clearTimeout(again);
  again = setTimeout(reload, QUIET_MS);
}

/** What is open stays open. */
async function reload() {
  const open = [...family.groups.values()].filter((one) => one.isOpen).map((one) => one.id);
  try {
    await family.load();
    for (const id of open) if (family.groups.has(id)) await family.open(id);
    draw();
    drawChosen();
  } catch (problem) {
    say(problem.what);
  }
}

function listen() {
  const source = new EventSource("/api/events");
  source.addEventListener("turn", (event) => note(JSON.parse(event.data)));
  for (const kind of ["born", "ended", "gap"]) source.addEventListener(kind, reloadSoon);
}

// --- beginning ---

async function begin() {
  try {
    const others = ask("GET", "/api/engines").catch(() => engines);
    await family.load();
    engines = await others;
  } catch (problem) {
    state.replaceChildren(drawProblem(problem));
    return;
  }
  state.hidden = true;
  draw(true);
  choose(family.root);
  const wanted = new URLSearchParams(location.search).get("search");
  if (wanted) {
    document.getElementById("find").value = wanted;
    search(wanted);
  }
  listen();
}

document.querySelector("form.search").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = document.getElementById("find").value.trim();
  history.replaceState(null, "", text ? `/?search=${encodeURIComponent(text)}` : "/");
  if (text) search(text);
  else document.getElementById("found").hidden = true;
});
document.getElementById("closer").addEventListener("click", () => zoom(1.3));
document.getElementById("farther").addEventListener("click", () => zoom(0.77));
document.getElementById("fit").addEventListener("click", () => cy.fit(undefined, 50));
document.getElementById("fold").addEventListener("click", () => { family.closeAll(); draw(); cy.fit(undefined, 50); drawChosen(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cy?.style(style()));
begin();

/* Where everything in the graph is: each parent in the middle of its children, which stand on rings around it.

Computed from the leaves up, so that families never overlap, and always the same for the same family. */

const LEAF = 34;
const GAP = 12;
const SMALL = 2 * LEAF;
/* A family that reaches no farther is placed among leaves. */

/** Positions by id. `below` gives the ids of those that hang below one. */
export function arrange(top, below) {
  const rings = new Map();
  const places = new Map();
  measure(top, below, rings);
  place(top, 0, 0, -Math.PI / 2, below, rings, places);
  return places;
}

/** How far a family reaches from its middle; the order is from the leaves up, without recursion, as families may be deep. */
function measure(top, below, rings) {
  const order = [top];
  for (let i = 0; i < order.length; i += 1) order.push(...below(order[i]));
  for (const id of order.reverse()) rings.set(id, ringsOf(below(id), rings));
}

/** Small families first, on the inner rings; large ones outside, so that one that is opened pushes nobody far away. */
function ringsOf(children, rings) {
  const reachOf = (child) => rings.get(child).reach;
  const sorted = [...children.filter((child) => reachOf(child) <= SMALL), ...children.filter((child) => reachOf(child) > SMALL)];
  const rows = [];
  let edge = LEAF + 3 * GAP;
  let first = 0;
  while (first < sorted.length) {
    const row = fill(sorted, first, edge, reachOf);
    rows.push(row);
    first += row.members.length;
    edge = row.edge + GAP;
  }
  return { reach: rows.length ? edge : LEAF, rows };
}

/** As many as have room side by side on the next ring; one at least. */
function fill(sorted, first, inside, reachOf) {
  let widest = reachOf(sorted[first]);
  let used = 0;
  let last = first;
  while (last < sorted.length) {
    const reach = reachOf(sorted[last]);
    const radius = inside + Math.max(widest, reach);
    if (last > first && used + 2 * reach + GAP > 2 * Math.PI * radius) break;
    if (reach > SMALL && widest <= SMALL && last > first) break;
    used += 2 * reach + GAP;
    widest = Math.max(widest, reach);
    last += 1;
  }
  const radius = inside + widest;
  return { members: sorted.slice(first, last), radius, edge: radius + widest, used };
}

function place(top, x0, y0, turn0, below, rings, places) {
  const waiting = [[top, x0, y0, turn0]];
  while (waiting.length) {
    const [id, x, y, turn] = waiting.pop();
    places.set(id, { x, y });
    for (const { members, radius, used } of rings.get(id).rows) {
      let before = 0;
      for (const child of members) {
        const own = 2 * rings.get(child).reach + GAP;
        const angle = turn + ((before + own / 2) / used) * 2 * Math.PI;
        before += own;
        waiting.push([child, x + radius * Math.cos(angle), y + radius * Math.sin(angle), angle - Math.PI]);
      }
    }
  }
}

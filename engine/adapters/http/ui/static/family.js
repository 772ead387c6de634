/* The picos that the page knows of: read piece by piece, with groups that stand for many children until they are opened. */

import { ask, called } from "./app.js";

const PAGE = 500;

const rangeOf = (group) => `${group.from + 1}–${group.from + group.count}`;

export class Family {
  constructor() {
    this.picos = new Map();
    this.groups = new Map();
    this.children = new Map();
    this.tops = [];
    this.root = "";
  }

  async load() {
    const told = await ask("GET", "/api/picos");
    this.picos.clear();
    this.groups.clear();
    this.children.clear();
    this.root = told.root;
    this.tops = [];
    this.take(told);
  }

  /** A piece of the tree. */
  take(told, isPart = false) {
    for (const pico of told.picos) {
      this.picos.set(pico.id, pico);
      if (pico.parent) this.hang(pico.parent, pico.id);
      else if (!isPart && !this.tops.includes(pico.id)) this.tops.push(pico.id);
    }
    for (const group of told.groups || []) {
      const id = `${group.parent}#${group.from}`;
      this.groups.set(id, { ...group, id, isOpen: false, members: [] });
      this.hang(group.parent, id);
    }
  }

  hang(parent, child) {
    if (!this.children.has(parent)) this.children.set(parent, []);
    const those = this.children.get(parent);
    if (!those.includes(child)) those.push(child);
  }

  below(id) {
    const group = this.groups.get(id);
    if (group) return group.isOpen ? group.members : [];
    return this.children.get(id) || [];
  }

  /** Those beside one: the members of its group, or its parent's children. */
  around(id) {
    const group = [...this.groups.values()].find((one) => one.isOpen && one.members.includes(id));
    const parent = this.picos.get(id)?.parent || this.groups.get(id)?.parent;
    return group ? group.members : this.children.get(parent) || [id];
  }

  /** Whether there is something below that is not shown. */
  isClosed(id) {
    const group = this.groups.get(id);
    if (group) return !group.isOpen;
    const pico = this.picos.get(id);
    return Boolean(pico && pico.children && !this.below(id).length);
  }

  async open(id) {
    const group = this.groups.get(id);
    if (!group) {
      const told = await ask("GET", `/api/picos?under=${encodeURIComponent(id)}`);
      const parent = this.picos.get(id)?.parent || null;
      told.picos.forEach((pico) => { if (pico.id === id) pico.parent = parent; });
      this.take(told, true);
      return;
    }
    if (!group.members.length) {
      for (let from = group.from; from < group.from + group.count; from += PAGE) {
        const n = Math.min(PAGE, group.from + group.count - from);
        const told = await ask("GET", `/api/picos?under=${encodeURIComponent(group.parent)}&from=${from}&n=${n}`);
        for (const pico of told.children) {
          this.picos.set(pico.id, pico);
          group.members.push(pico.id);
        }
      }
    }
    group.isOpen = true;
  }

  close(id) {
    const group = this.groups.get(id);
    if (group) group.isOpen = false;
  }

  closeAll() {
    for (const group of this.groups.values()) group.isOpen = false;
  }

  nameOf(id) {
    const group = this.groups.get(id);
    if (!group) return called(this.picos.get(id));
    const ends = group.first && group.last ? `${group.first} … ${group.last}, ` : "";
    return `${ends}${rangeOf(group)}`;
  }

  /** What has room in the graph. */
  labelOf(id) {
    const group = this.groups.get(id);
    return group ? rangeOf(group) : called(this.picos.get(id));
  }

  /** Everything that is to be seen, parents first. */
  shown() {
    const found = [...this.tops];
    for (let i = 0; i < found.length; i += 1) found.push(...this.below(found[i]));
    return found;
  }
}

/* An editor for rulesets, in place of a textarea, with what the engine's checker says while one types.

It lives in a shadow root: there CodeMirror brings its styles as a style sheet object, which the page's policy allows. */

import { ask, make } from "./app.js";
import { krl } from "./krl.js";
import * as cm from "./vendor/codemirror.js";

const PAUSE_MS = 250;

const LOOK = {
  "&": { color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: ".86rem", maxHeight: "70vh" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", minHeight: "12rem" },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-cursor": { borderLeftColor: "var(--accent)" },
  ".cm-gutters": { backgroundColor: "var(--sunk)", color: "var(--soft)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 26%, transparent) !important" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--surface)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-diagnostic": { fontFamily: "var(--sans)", maxWidth: "46rem" },
  ".cm-lintRange-error": { backgroundImage: "none", borderBottom: "2px wavy var(--bad)", textDecoration: "underline wavy var(--bad)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn)" },
};

const COLOURS = [
  { tag: cm.tags.keyword, color: "var(--code-word)", fontWeight: "560" },
  { tag: [cm.tags.string, cm.tags.regexp], color: "var(--code-text)" },
  { tag: [cm.tags.number, cm.tags.atom], color: "var(--code-number)" },
  { tag: [cm.tags.namespace, cm.tags.name], color: "var(--code-name)" },
  { tag: cm.tags.comment, color: "var(--code-note)", fontStyle: "italic" },
];

/** Replaces a textarea; `findings` and `verdict` are where what the checker says is written out. */
export function edit(textarea, verdict, findings) {
  const host = make("div", { class: "editor" });
  textarea.after(host);
  textarea.hidden = true;
  const root = host.attachShadow({ mode: "open" });
  const isFixed = textarea.readOnly;
  const view = new cm.EditorView({
    root,
    parent: root,
    state: cm.EditorState.create({
      doc: textarea.value,
      extensions: [
        cm.lineNumbers(), cm.highlightActiveLine(), cm.highlightActiveLineGutter(), cm.highlightSpecialChars(), cm.drawSelection(), cm.history(),
        cm.indentOnInput(), cm.indentUnit.of("  "), cm.bracketMatching(), cm.highlightSelectionMatches(), cm.lintGutter(),
        cm.StreamLanguage.define(krl), cm.syntaxHighlighting(cm.HighlightStyle.define(COLOURS)), cm.EditorView.theme(LOOK), cm.EditorView.lineWrapping,
        cm.EditorState.readOnly.of(isFixed),
        cm.EditorView.contentAttributes.of({ "aria-label": textarea.getAttribute("aria-label"), "aria-multiline": "true", tabindex: "0" }),
        // Tab leaves the editor, as it does everywhere; Ctrl-] and Ctrl-[ indent.
        cm.keymap.of([...cm.lintKeymap, ...cm.searchKeymap, ...cm.historyKeymap, ...cm.defaultKeymap]),
        cm.linter(async (of) => check(of, verdict, findings), { delay: PAUSE_MS }),
      ],
    }),
  });
  cm.forceLinting(view);
  host.view = view;
  return { text: () => view.state.doc.toString(), view };
}

async function check(view, verdict, findings) {
  let told;
  try {
    told = await ask("POST", "/api/check", view.state.doc.toString());
  } catch (problem) {
    verdict.replaceChildren(make("span", { class: "tag warn" }, "not checked"), ` ${problem.what}`);
    return [];
  }
  tell(told, verdict, findings, view);
  return told.diagnostics.map((one) => {
    const from = offset(view.state.doc, one.loc.start);
    const to = Math.max(offset(view.state.doc, one.loc.end), from);
    return { from, to, severity: one.severity, source: one.code, message: one.hint ? `${one.message} – ${one.hint}` : one.message };
  });
}

/** Columns count characters from 1, as the checker does. */
function offset(doc, { line, column }) {
  const found = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return Math.min(found.from + column - 1, found.to);
}

function tell(told, verdict, findings, view) {
  const errors = told.diagnostics.filter((one) => one.severity === "error").length;
  const warnings = told.diagnostics.length - errors;
  const name = told.ok ? `${told.rid}${told.version ? ` ${told.version}` : ""} can be installed` : "it cannot be installed like this";
  const mood = told.ok ? (warnings ? "warn" : "good") : "bad";
  const counts = [errors && `${errors} ${errors === 1 ? "mistake" : "mistakes"}`, warnings && `${warnings} ${warnings === 1 ? "warning" : "warnings"}`].filter(Boolean);
  verdict.dataset.ok = String(told.ok);
  verdict.replaceChildren(make("span", { class: `tag ${mood}` }, counts.join(", ") || "no mistakes"), ` ${name}`);
  findings.replaceChildren(...told.diagnostics.map((one) => make("li", { class: "finding" },
    make("button", { type: "button", class: "quiet mono", onclick: () => go(view, one) }, `${one.loc.start.line}:${one.loc.start.column}`),
    make("span", { class: `tag ${one.severity === "error" ? "bad" : "warn"}` }, one.code),
    make("div", {}, one.message, one.hint ? make("small", { class: "soft" }, ` ${one.hint}`) : null))));
}

function go(view, one) {
  const at = offset(view.state.doc, one.loc.start);
  view.dispatch({ selection: { anchor: at }, effects: cm.EditorView.scrollIntoView(at, { y: "center" }) });
  view.focus();
}

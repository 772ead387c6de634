/* Colours for KRL: a tokenizer line by line. What is right and wrong the engine's checker says, not this. */

const WORDS = new Set(("ruleset meta global rule select when where setting pre if then else every choose foreach always fired notfired finally "
  + "on error warn info debug log raise event attributes attr for last ent app return function defaction not and or before after within between any count repeat "
  + "min max sum avg push second seconds minute minutes hour hours day days week weeks month months year years schedule at repeat clear is active inactive "
  + "use module alias with configure provides provide shares share keys key to name description author version logging upgrade from test given send expect").split(" "));
const ATOMS = new Set(["true", "false", "null"]);

export const krl = {
  name: "krl",
  startState: () => ({ inside: "" }),
  token(stream, state) {
    if (state.inside) return rest(stream, state);
    if (stream.eatSpace()) return null;
    if (stream.match("//")) { stream.skipToEnd(); return "comment"; }
    if (stream.match("/*")) { state.inside = "*/"; return rest(stream, state, "comment"); }
    if (stream.match("<<")) { state.inside = ">>"; return rest(stream, state); }
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
    if (stream.match(/^re#(?:[^#\\]|\\.)*#[gi]*/)) return "regexp";
    if (stream.match(/^-?\d+(\.\d+)?/)) return "number";
    if (stream.match(/^(ent|app|event|meta|ctx|wrangler|http|math|random|time|engine|subs|schedule)(?=:)/)) return "namespace";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (word) {
      if (ATOMS.has(word[0])) return "atom";
      if (WORDS.has(word[0]) && !isName(stream, word[0].length)) return "keyword";
      return stream.peek() === "(" ? "name" : "variableName";
    }
    stream.next();
    return "operator";
  },
  languageData: { commentTokens: { line: "//", block: { open: "/*", close: "*/" } }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
};

/** Most words of the language are names too, where they stand as names do: after a colon or a dot, in front of = ( , . */
function isName(stream, length) {
  const before = stream.string.slice(0, stream.pos - length);
  return /[:.]$/.test(before) || /^\s*(=[^=>]|:=|[(,.)])/.test(stream.string.slice(stream.pos)) && !/^(function|defaction|if|and|or|not|where|select)$/.test(stream.current());
}

function rest(stream, state) {
  const kind = state.inside === "*/" ? "comment" : "string";
  while (!stream.eol()) {
    if (stream.match(state.inside)) { state.inside = ""; return kind; }
    stream.next();
  }
  return kind;
}

//! K102 5:22 `<<` this chevron is never closed: its `>>` is missing
//! K103 5:36 `>` expected an expression, found `>`
//= if this `>>` is to end a chevron, the `}` of a beesting is missing before it
ruleset bad {
  meta { description << text #{ a >> }
}

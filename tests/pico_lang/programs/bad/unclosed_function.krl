//! K103 9:3 `}` expected an expression, `return` or a declaration `name = …`, found `}`
//= the `{` of line 5 lacks its `}`: f = function(x) {
ruleset bad {
  global {
    f = function(x) {
      y = x

    g = function(x) { x }
  }
  rule good { select when a b }
}

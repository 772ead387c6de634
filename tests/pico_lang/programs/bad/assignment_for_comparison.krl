//! K103 5:48 `}` expected an expression, `return` or a declaration `name = …`, found `}`
//= a function ends in an expression, which is its value
ruleset bad {
  global {
    f = function(x) { x = 1 => "one" | "other" }
  }
  rule good { select when a b }
}

//! K103 5:33 `return` expected `}`, found the reserved word `return`
//= a function has one `return`, or none: its last expression is its value
ruleset bad {
  global {
    f = function(x) { return x; return 2 }
  }
  rule good { select when a b }
}

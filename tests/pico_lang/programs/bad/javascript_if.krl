//! K103 5:32 `return` expected an expression, found the reserved word `return`
//= a conditional is an expression: `test => this | that`; `if` belongs in front of actions
ruleset bad {
  global {
    f = function(x) { if (x) { return 1 } return 2 }
  }
  rule good { select when a b }
}

//! K103 7:5 `return` expected `}` or a declaration `name = …`, found the reserved word `return`
//= `return` is reserved and cannot be a name
//! K103 8:18 `not` expected `)`, a declaration `name = …` or a name, found the reserved word `not`
//= `not` is reserved and cannot be a name
ruleset bad {
  global {
    return = 1
    f = function(not) { 1 }
  }
  rule good { select when a b }
}

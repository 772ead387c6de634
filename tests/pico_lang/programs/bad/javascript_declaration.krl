//! K103 6:5 `var` expected `}` or a declaration `name = …`, found `var`
//= declarations need no `var`: write `a = …`
//! K103 7:11 `2` expected `}` or a declaration `name = …`, found `2`
ruleset bad {
  global {
    var a = 1
    b = 2 2
    let c = 3
  }
  rule good { select when a b }
}

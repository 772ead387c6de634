//! K103 6:5 `d` expected `|`, found `d`
//= a conditional has two branches: `test => this | that`
ruleset bad {
  global {
    a = b => c
    d = 1
  }
  rule good { select when a b }
}

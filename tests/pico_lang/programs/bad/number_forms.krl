//! K103 4:13 `.3` expected `}` or a declaration `name = …`, found `.3`
ruleset bad {
  global {
    a = 10.2.3
  }
  rule good { select when a b }
}

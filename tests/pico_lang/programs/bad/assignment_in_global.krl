//! K103 5:5 `a` expected `}` or a declaration `name = …`, found `a`
//= `:=` assigns `ent:` variables, in a postlude; a declaration is `name = …`
ruleset bad {
  global {
    a := 1
  }
  rule good { select when a b }
}

//! K103 6:11 `x` expected `}` or a declaration `name = …`, found `x`
//= `:=` assigns `ent:` variables, in a postlude; a declaration is `name = …`
ruleset bad {
  rule wrong {
    select when a b
    pre { x := 1 }
  }
  rule good { select when a b }
}

//! K103 6:16 `:=` expected `:`, found `:=`
//= `:=` assigns `ent:` variables, in a postlude; a declaration is `name = …`
ruleset bad {
  rule wrong {
    select when a b
    always { x := 1 }
  }
  rule good { select when a b }
}

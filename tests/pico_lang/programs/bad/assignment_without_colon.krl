//! K103 6:20 `=` expected `:=` or `{`, found `=`
//= entity variables are assigned with `:=`
ruleset bad {
  rule wrong {
    select when a b
    always { ent:x = 1; ent:y == 2 }
  }
  rule good { select when a b }
}

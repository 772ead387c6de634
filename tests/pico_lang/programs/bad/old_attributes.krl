//! K103 6:36 `c` expected `:`, found `c`
//= the attributes of an event are a map: attributes {"name": value}
ruleset bad {
  rule wrong {
    select when a b
    fired { raise a event "b" with c = 1 }
  }
  rule good { select when a b }
}

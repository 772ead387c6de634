//! K103 6:23 `}` expected a name, found `}`
//= behind a condition there must be at least one action
ruleset bad {
  rule wrong {
    select when a b
    if x then every { }
  }
  rule good { select when a b }
}

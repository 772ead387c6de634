//! K103 6:3 `}` expected `then`, found `}`
ruleset bad {
  rule wrong {
    select when a b
    if x { noop() }
  }
  rule good { select when a b }
}

//! K103 6:14 `one` expected `}` or a string, found `one`
//= say what to choose by: choose expression { label => action() }
ruleset bad {
  rule wrong {
    select when a b
    choose { one => noop() }
  }
  rule good { select when a b }
}

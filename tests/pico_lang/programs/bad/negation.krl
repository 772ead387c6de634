//! K101 5:9 `!` `!` means nothing in KRL
//= negation is written `not`
ruleset bad {
  global {
    a = !b
  }
  rule good { select when a b }
}

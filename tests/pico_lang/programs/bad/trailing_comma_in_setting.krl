//! K103 6:28 `)` expected a name, found `)`
//= no comma follows the last of a list of names
ruleset bad {
  rule wrong {
    select when a b
    foreach [1] setting(a, )
  }
  rule good { select when a b }
}

//! K101 5:11 `?` `?` means nothing in KRL
//= a conditional is written `test => this | that`
ruleset bad {
  global {
    a = b ? c : d
  }
  rule good { select when a b }
}

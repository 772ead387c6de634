//! K101 7:9 `'` `'` means nothing in KRL
//= strings are written in double quotes: "…"
//! K101 7:14 `'` `'` means nothing in KRL
//= strings are written in double quotes: "…"
ruleset bad {
  global {
    a = 'text'
  }
  rule good { select when a b }
}

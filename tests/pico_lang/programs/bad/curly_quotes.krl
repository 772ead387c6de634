//! K101 7:9 `“` `“` means nothing in KRL
//= strings are written in straight double quotes: "…"
//! K101 7:14 `”` `”` means nothing in KRL
//= strings are written in straight double quotes: "…"
ruleset bad {
  global {
    a = “text”
  }
  rule good { select when a b }
}

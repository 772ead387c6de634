//! K103 5:11 `name` expected `}` or a string, found `name`
//= the keys of a map are strings: "name": …
ruleset bad {
  global {
    a = { name: 1 }
  }
  rule good { select when a b }
}

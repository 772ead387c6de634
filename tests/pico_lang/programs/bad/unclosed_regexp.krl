//! K102 4:9 `re#abc` this regular expression is never closed: its `#` is missing
ruleset bad {
  global {
    a = re#abc
    b = 1
  }
  rule good { select when a b }
}

//! K102 5:9 `"text` this string is never closed: its `"` is missing
ruleset bad {
  global {
    a = 1
    b = "text
  }
  rule good { select when a b }
}

//! K103 7:10 `more` expected `}` or a declaration `name = …`, found `more`
//= the string before it began in line 6: is a `"` missing there?
//! K102 7:14 `"` this string is never closed: its `"` is missing
ruleset bad {
  global {
    a = "text
    b = "more"
    c = 1
  }
  rule good { select when a b }
}

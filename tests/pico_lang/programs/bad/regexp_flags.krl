//! K106 7:16 `gg` a regular expression cannot have the flags `gg`
//= the flags are g (all matches), i (ignore case) and m (lines), each at most once
//! K106 8:16 `x` a regular expression cannot have the flags `x`
//= the flags are g (all matches), i (ignore case) and m (lines), each at most once
ruleset bad {
  global {
    a = re#abc#gg
    b = re#abc#x
  }
  rule good { select when a b }
}

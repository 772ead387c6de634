//! K103 5:5 `g` expected `rule`, `test` or `}`, found `g`
ruleset bad {
  global {
    f = function(x) { x }}
    g = 1
  }
  rule good { select when a b }
}

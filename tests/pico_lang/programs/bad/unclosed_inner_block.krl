//! K103 8:7 `)` expected `}`, found `)`
//= the `{` of line 6 is still open
ruleset bad {
  global {
    f = function(x) {
      y = x.map(function(e) {
        e
      )
      y
    }
  }
  rule good { select when a b }
}

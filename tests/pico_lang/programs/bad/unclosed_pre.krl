//! K103 8:5 `always` expected `}` or a declaration `name = …`, found `always`
//= the `{` of line 6 lacks its `}`: pre {
ruleset bad {
  rule wrong {
    select when a b
    pre {
      x = 1
    always {
      ent:x := x
    }
  }
  rule good { select when a b }
}

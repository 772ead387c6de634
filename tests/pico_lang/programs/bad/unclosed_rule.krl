//! K103 11:3 `rule` expected `}`, found `rule`
//= the `{` of line 6 lacks its `}`: always {
ruleset bad {
  rule one {
    select when a b
    always {
      ent:x := 1

  }

  rule two {
    select when a b
  }
}

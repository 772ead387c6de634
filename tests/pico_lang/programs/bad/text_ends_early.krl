//! K104 10:1 `` the text ends where `rule`, `test` or `}` should follow
//= the `{` of line 6 lacks its `}`: always {
ruleset bad {
  rule one {
    select when a b
    always {
      ent:x := 1
  }
}

//! K103 5:5 `sharing` expected a meta property or `}`, found `sharing`
//= name what may be queried: shares name, other_name
ruleset bad {
  meta {
    sharing on
  }
  rule good { select when a b }
}

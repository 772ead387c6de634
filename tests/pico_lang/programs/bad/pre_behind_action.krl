//! K103 7:5 `pre` expected a postlude (`always`, `fired` or `notfired`) or `}`, found `pre`
//= the parts of a rule come in this order: select, foreach, pre, actions, postlude
ruleset bad {
  rule wrong {
    select when a b
    noop()
    pre { x = 1 }
  }
  rule good { select when a b }
}

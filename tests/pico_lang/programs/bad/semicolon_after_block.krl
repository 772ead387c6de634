//! K103 6:18 `;` expected an action, a postlude (`always`, `fired` or `notfired`) or `}`, found `;`
//= no `;` follows a block
ruleset bad {
  rule wrong {
    select when a b
    pre { x = 1 };
    noop()
  }
  rule good { select when a b }
}

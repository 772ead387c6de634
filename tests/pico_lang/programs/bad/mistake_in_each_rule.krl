//! K103 9:14 `b` expected a meta property, `,` or `}`, found `b`
//! K103 13:3 `}` expected an expression, found `}`
//! K103 14:26 `}` expected an event such as `domain:name`, found `}`
//! K103 15:39 `parsecs` expected a unit of time such as `minutes`, found `parsecs`
//! K103 16:55 `}` expected an expression, found `}`
//! K103 17:42 `)` expected `,` or `or`, found `)`
ruleset bad {
  meta {
    shares a b
  }
  global {
    a = 1 +
  }
  rule one { select when }
  rule two { select when a b within 5 parsecs }
  rule three { select when a b always { raise a event } }
  rule four { select when a b between(c d) }
  rule good { select when a b }
}

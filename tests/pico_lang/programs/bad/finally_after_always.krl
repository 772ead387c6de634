//! K103 6:21 `finally` expected `}`, found `finally`
//= `finally` goes with `fired` and `notfired`; what stands in `always` is run in any case
ruleset bad {
  rule wrong {
    select when a b
    always { last } finally { last }
  }
  rule good { select when a b }
}

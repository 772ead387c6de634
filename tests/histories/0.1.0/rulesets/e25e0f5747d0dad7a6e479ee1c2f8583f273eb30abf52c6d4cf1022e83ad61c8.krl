
ruleset rounding {
  rule up {
    select when round up
    pre { limits = ctx:grants }
    fired { ent:last := math:ceiling(event:attrs{"x"}); ent:limits := limits }
  }
}

//! K102 3:3 `/*` this comment is never closed: its `*/` is missing
ruleset bad {
  /* what follows
  rule good { select when a b }
}

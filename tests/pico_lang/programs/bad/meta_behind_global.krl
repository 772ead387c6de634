//! K103 6:3 `meta` expected `rule`, `test` or `}`, found `meta`
//= the parts of a ruleset come in this order: meta, global, rules, tests
//! K103 7:27 `}` expected an expression, found `}`
ruleset bad {
  global { a = 1 }
  meta { name "late" }
  rule bad { select where }
}

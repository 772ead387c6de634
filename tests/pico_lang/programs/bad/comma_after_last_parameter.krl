//! K103 4:20 `,` expected `)`, a declaration `name = …` or a name, found `,`
ruleset bad {
  global {
    f = function(a,,b) { a }
  }
  rule good { select when a b }
}

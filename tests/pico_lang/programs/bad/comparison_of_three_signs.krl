//! K103 7:13 `=` expected an expression, found `=`
//= `==` compares without converting already
//! K103 8:13 `=` expected an expression, found `=`
//= `!=` compares without converting already
ruleset bad {
  global {
    a = 1 === 1
    b = 1 !== 1
  }
  rule good { select when a b }
}

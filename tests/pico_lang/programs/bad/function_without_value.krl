//! K103 7:30 `}` expected an expression, `return` or a declaration `name = …`, found `}`
//= a function ends in an expression, which is its value
//! K103 8:22 `}` expected an expression, `return` or a declaration `name = …`, found `}`
//= a function ends in an expression, which is its value
ruleset bad {
  global {
    f = function(x) { y = x; }
    g = function() { }
  }
  rule good { select when a b }
}

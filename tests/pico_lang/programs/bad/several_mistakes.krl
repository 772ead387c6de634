//! K103 8:5 `b` expected an expression, found `b`
//! K103 8:14 `;` expected `,` or `]`, found `;`
//! K103 9:15 `1` expected `:`, found `1`
//! K103 10:13 `2` expected `)` or `,`, found `2`
ruleset bad {
  global {
    a = 1 +
    b = [1, 2;
    c = { "a" 1 }
    d = f(1 2)
    e = 5
  }
  rule good { select when a b }
}

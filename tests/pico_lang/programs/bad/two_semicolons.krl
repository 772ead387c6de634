//! K103 5:11 `;` expected `}` or a declaration `name = …`, found `;`
//= one `;` is enough; at most one may follow
ruleset bad {
  global {
    a = 1;;
    b = 2
  }
  rule good { select when a b }
}

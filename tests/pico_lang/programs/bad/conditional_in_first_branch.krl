//! K103 5:16 `=>` expected `|`, found `=>`
//= put a conditional that is itself the first branch into parentheses
ruleset bad {
  global {
    a = b => c => d | e | f
  }
  rule good { select when a b }
}

// K303 f: f is a Function, not an action
// K303 math:double(1): math:double is a function, not an action
ruleset a {
  global { f = function(){ 1 } }
  rule r { select when a b every { f() math:double(1) } }
}

// K201 incremnt: undefined name incremnt
// K201 unknown: undefined name unknown
ruleset a {
  global {
    increment = function(n){ n + 1 }
    two = incremnt(1)
    never_called = function(){ unknown }
  }
}

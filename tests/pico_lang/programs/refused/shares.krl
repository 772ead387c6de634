// K306 missing: trying to share missing, but global does not define it
// K307 act: actions must not be shared: act
// K306 gone: trying to provide gone, but global does not define it
ruleset a {
  meta { shares missing, act, there provides gone, act }
  global { there = 1 act = defaction(){ noop() } }
}

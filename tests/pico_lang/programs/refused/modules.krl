// K404 same: two modules are used as same
// K401 nowhere:f: there is no module nowhere
// K402 math:tripple: math has no tripple
// K403 event:attrs: event:attrs is a value, not a function
// K403 math:double: math:double is a function; it has to be called
// K401 app:x: there is no module app
ruleset a {
  meta { use module b.c alias same use module b.d alias same }
  global {
    one = nowhere:f(1)
    two = math:tripple(2)
    three = event:attrs("x")
    four = math:double
    five = app:x
    fine = same:anything(1) + same:value
  }
}

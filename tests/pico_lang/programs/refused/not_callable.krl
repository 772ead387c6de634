// K302 text: not a function: String
// K302 "x": not a function: String
// K302 act: not a function: Action
// K302 text: not a function: String
ruleset a { global {
  text = "x"
  act = defaction(){ noop() }
  one = text(1)
  two = "x"(1)
  three = act()
  four = 1.text()
} }

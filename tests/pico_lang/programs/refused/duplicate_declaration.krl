// K202 x: x is declared twice in this block
ruleset a { global { x = 1 x = 2 } }

// K207 later: later is used before its declaration
ruleset a { global { early = later + 1 later = 2 } }

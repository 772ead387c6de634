//! K103 5:1 `}` expected the end of the text, found `}`
//= the ruleset has ended already: is there a `}` too many?
ruleset bad {
}
}

// K305 noop: noop is an action, not a value
// K305 door:open: door:open is an action, not a function
// K305 door:open: door:open is an action, not a value
ruleset a { global { x = noop y = door:open("front") z = door:open } }

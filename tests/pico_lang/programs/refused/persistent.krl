// K310 app:x := 1: only entity variables can change: app:x
// K310 clear app:x: only entity variables can change: app:x
ruleset a { rule r { select when a b always { app:x := 1; clear app:x } } }

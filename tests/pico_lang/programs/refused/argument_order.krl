// K205 2: a positional argument after a named one
ruleset a { global { f = function(n, m){ n } x = f(n = 1, 2) } }

// K203 n: the parameter n stands here twice
// K204 m: m has no default but follows a parameter that has one
ruleset a { global { f = function(n, n){ n } g = function(k = 1, m){ m } } }

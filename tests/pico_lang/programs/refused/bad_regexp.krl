// K106 re#(#: re#(# is not a regular expression: a '(' without a ')'
ruleset a { rule r { select when a b x re#(# } }

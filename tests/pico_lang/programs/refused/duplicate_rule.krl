// K206 r: duplicate rule name r
ruleset a { rule r { select when a b } rule r { select when a c } }

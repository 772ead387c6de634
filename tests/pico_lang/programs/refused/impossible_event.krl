// K312 any 2 (a b, a c): `any 2` of 2 events can never be satisfied
ruleset a { rule r { select when any 2 (a b, a c) } }

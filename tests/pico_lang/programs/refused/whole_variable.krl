// K508 ent:m := ent:m.put("k", 1): this writes the whole variable to change one entry
ruleset a { rule r { select when a b always { ent:m := ent:m.put("k", 1) } } }

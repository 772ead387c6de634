// K301 r: rule r has no select
ruleset a { rule r { fired { ent:x := 1 } } }

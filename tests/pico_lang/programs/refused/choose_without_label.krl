// K304 noop(): every action inside choose needs a label
ruleset a { global { way = function(){ "one" } } rule r { select when a b choose way() { one => noop() noop() } } }

// K501 event:attr: event:attr is deprecated
// K502 name: reading a property with a dot is deprecated
ruleset a { global { f = function(m){ [event:attr("x"), m.name] } } }

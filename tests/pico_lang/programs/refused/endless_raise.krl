// K510 raise a event "one": rule loop raises an event that selects it again, without end
// K510 raise event "a:three": rule ping raises an event that selects it again, without end
// K510 raise a event "two": rule pong raises an event that selects it again, without end
ruleset a {
  rule loop { select when a one fired { raise a event "one" } }
  rule ping { select when a two or a start always { raise event "a:three" } }
  rule pong { select when a three x re#.# or a three fired { raise a event "two" } }
  rule guarded { select when a four fired { raise a event "four" if ent:n < 3 } }
  rule conditional { select when a five if ent:n < 3 then noop() fired { raise a event "five" } }
  rule filtered { select when a six n re#1# fired { raise a event "six" } }
}

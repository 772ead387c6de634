ruleset runaways {
  meta {
    name "Runaways"
    description <<Everything that a ruleset may do so that its neighbours suffer.>>
  }

  global {
    ever = function(n) { ever(n + 1) }
    doubled = function(start, times) { 0.range(times - 1).reduce(function(found, n) { found + found }, start) }
    // An array whose only two members are the same array, and so on: few parts, seen very often.
    shared = function(depth) { 0.range(depth - 1).reduce(function(found, n) { [found, found] }, ["x"]) }
    megabyte = function() { doubled("0123456789abcdef", 16) }
  }

  rule recurse {
    select when run recurse
    pre { x = ever(0) }
  }
  rule loop {
    select when run loop
    foreach 0.range(9999) setting(x)
    foreach 0.range(9999) setting(y)
      noop()
  }
  rule double_string {
    select when run string
    pre { x = doubled("x", 99) }
  }
  rule fill_memory {
    select when run memory
    pre { x = 0.range(9999).map(function(n) { megabyte() + n }) }
  }
  rule share_and_keep {
    select when run shared
    fired { ent:shared := shared(40) }
  }
  rule share_and_compare {
    select when run compared
    pre { same = shared(40) == shared(40) }
  }
  rule grow_texts {
    select when run texts
    fired { ent:texts := ent:texts.defaultsTo([]).append(megabyte() + event:attrs{"by"}) }
  }
  rule grow_entries {
    select when run entries
    fired { ent:entries := ent:entries.defaultsTo([]).append(0.range(9999)) }
  }
  rule raise_on {
    select when run raises
    fired { raise run event "raises" }
  }
  rule send_on {
    select when run sends
    foreach 0.range(1) setting(n)
    event:send({"eci": ctx:picoId, "domain": "run", "type": "sends"})
  }
  rule send_many {
    select when run crowds
    foreach 0.range(9999) setting(n)
    event:send({"eci": ctx:picoId, "domain": "run", "type": "nothing", "attrs": {"n": n}})
  }
  rule schedule_many {
    select when run timers
    foreach 0.range(999) setting(n)
    noop()
    fired { schedule run event "nothing" at time:add(time:now(), {"seconds": 3600 + n}) }
  }
}

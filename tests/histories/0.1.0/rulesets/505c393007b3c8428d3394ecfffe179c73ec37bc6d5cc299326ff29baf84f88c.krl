
ruleset watch {
  meta { use module io.picolabs.wrangler alias wrangler shares seen }
  global {
    seen = function() { ent:seen.defaultsTo({}) }
    born = time:now()
  }
  rule pair { select when door opened before door closed fired { ent:pairs := ent:pairs.defaultsTo(0) + 1 } }
  rule often {
    select when count 3 (door opened who re#(.+)#) push(who) within 2 minutes
    send_directive("often", {"who": who})
    fired { ent:seen{["often", born]} := who; raise watch event "alarm" attributes {"who": who} }
  }
  rule rest { select when door opened and light lit fired { ent:seen{"rest"} := event:attrs } }
  rule alarm {
    select when watch alarm
    foreach event:attrs{"who"} setting(name, n)
    if n > 0 then send_directive("alarm", {"name": name})
    fired { ent:alarms{name} := n } else { clear ent:alarms{name} }
  }
  rule report {
    select when watch report
    foreach wrangler:children() setting(child)
    event:send({"eci": child{"eci"}, "domain": "watch", "type": "asked", "attrs": ent:seen})
  }
  rule asked { select when watch asked fired { ent:asked := event:attrs } }
  rule compare {
    select when watch compared
    pre { theirs = ctx:query(wrangler:children()[0]{"eci"}, "watch", "seen") }
    fired { ent:theirs := theirs }
  }
}


ruleset oracle {
  meta { shares said }
  global { said = function() { ent:said.defaultsTo([]) } }
  rule ask {
    select when oracle asked question re#(.+)# setting(question)
    pre {
      answer = http:get("http://site.example/oracle", {"q": question}){"content"}
      lot = random:integer(1000000)
    }
    send_directive("said", {"answer": answer, "lot": lot, "word": random:word()})
    fired { ent:said := said().append(answer + " " + lot) }
  }
  rule tell {
    select when oracle told
    http:post("http://site.example/oracle", json = {"told": event:attrs}) setting(reply)
    fired { ent:replies{event:attrs{"to"}} := reply{"status_code"} }
  }
  rule later {
    select when oracle later
    http:post("http://site.example/oracle", autosend = {
      "eci": meta:eci, "domain": "oracle", "type": "answered", "attrs": {"n": event:attrs{"n"}}
    })
  }
  rule answered {
    select when oracle answered
    fired { ent:answered := ent:answered.defaultsTo([]).append(event:attrs{"content"}) }
  }
  rule fail { select when oracle angered pre { x = [1].map(1) } send_directive("x", {"x": x}) }
  rule failed {
    select when system error
    fired { ent:errors := ent:errors.defaultsTo([]).append(event:attrs{["data"]}) }
  }
  rule rest { select when oracle rest if false then noop() notfired { last } }
  rule unrest { select when oracle rest send_directive("never") }
}

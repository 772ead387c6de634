ruleset house {
  meta {
    name "House"
    version "1.0"
    description <<A community of sensors: knows what each said last, warns of heat, and misses who falls silent.>>
    shares rooms, warnings, silent
  }

  global {
    // sensor → what it said last
    rooms = function() { ent:rooms.defaultsTo({}) }
    warnings = function() { ent:warnings.defaultsTo([]) }
    // those of whom nothing was heard for an hour
    silent = function() {
      rooms().filter(function(room) { room{"at"} < time:add(time:now(), {"hours": -1}) }).keys()
    }
    limit = function() { ent:limit.defaultsTo(30) }
  }

  rule hear {
    select when house:reading sensor re#(.+)# setting(sensor)
    pre {
      celsius = event:attrs{"celsius"}
      wasWarm = rooms(){[sensor, "celsius"]} > limit()
      room = {"celsius": celsius, "at": event:attrs{"at"}}
    }
    always {
      ent:rooms{sensor} := room
      raise house event "too_warm" attributes {"sensor": sensor, "celsius": celsius}
        if celsius > limit() && not wasWarm
    }
  }

  // once each time that it becomes too warm, not with every reading
  rule warn {
    select when house:too_warm
    pre {
      warning = {
        "sensor": event:attrs{"sensor"},
        "celsius": event:attrs{"celsius"},
        "at": time:now()
      }
    }
    send_directive("warning", warning)
    always {
      ent:warnings := warnings().append(warning)
    }
  }

  rule set_limit {
    select when house:limit celsius re#^(-?\d+)$# setting(celsius)
    always {
      ent:limit := celsius.as("Number")
    }
  }
}

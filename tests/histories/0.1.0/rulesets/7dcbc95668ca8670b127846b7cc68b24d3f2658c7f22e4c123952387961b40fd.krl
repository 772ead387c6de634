ruleset counter {
  meta {
    name "Counter"
    version "2.0"
    description <<Counts, and knows when it last counted each ticket.>>
    // Texts before this one had no version, and kept of a ticket only how often it was counted.
    upgrade from "*" {
      ent:tickets := ent:tickets.map(function(times) { {"times": times} }) if ent:tickets
    }
    shares count, tickets
  }

  global {
    count = function() { ent:count.defaultsTo(0) }
    // ticket → how often it was counted, and when it last was
    tickets = function() { ent:tickets.defaultsTo({}) }
  }

  rule increment {
    select when counter:increment
    pre {
      by = event:attrs{"by"}.defaultsTo(1).as("Number").defaultsTo(0)
      total = count() + by
    }
    send_directive("counted", {"count": total})
    always {
      ent:count := total
    }
  }

  rule remember_ticket {
    select when counter:increment ticket re#(.+)# setting(ticket)
    pre {
      times = tickets(){[ticket, "times"]}.defaultsTo(0) + 1
    }
    always {
      ent:tickets{ticket} := {"times": times, "last": time:now()}
    }
  }

  rule reset {
    select when counter:reset
    always {
      clear ent:count
      clear ent:tickets
    }
  }
}

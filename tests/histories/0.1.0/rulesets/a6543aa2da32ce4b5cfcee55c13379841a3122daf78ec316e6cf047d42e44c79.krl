ruleset counter {
  meta {
    name "Counter"
    description <<Counts, and remembers every ticket it has counted.>>
    shares count, tickets
  }

  global {
    count = function() {
      ent:count.defaultsTo(0)
    }
    // ticket → how often it was counted
    tickets = function() {
      ent:tickets.defaultsTo({})
    }
  }

  rule increment {
    select when counter increment
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
    select when counter increment ticket re#(.+)# setting(ticket)
    pre {
      times = tickets(){ticket}.defaultsTo(0) + 1
    }
    always {
      ent:tickets{ticket} := times
    }
  }

  rule reset {
    select when counter reset
    always {
      clear ent:count
      clear ent:tickets
    }
  }
}

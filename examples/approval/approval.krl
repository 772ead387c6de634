ruleset approval {
  meta {
    name "Approval"
    version "1.0"
    description <<Orders that wait until somebody approves them, for days if need be; small ones need nobody.>>
    shares order, waiting
  }

  global {
    limit = 100
    patience = {"days": 3}
    orders = function() { ent:orders.defaultsTo({}) }
    order = function(id) { orders(){id} }
    // ids of orders that nobody has decided on
    waiting = function() { orders().filter(function(one) { one{"state"} == "waiting" }).keys() }
    isWaiting = function(id) { orders(){[id, "state"]} == "waiting" }
  }

  rule place {
    select when order:placed id re#(.+)# setting(id) where orders(){id}.isnull()
    pre {
      price = event:attrs{"price"}.as("Number").defaultsTo(0)
      small = price <= limit
      made = {"item": event:attrs{"item"}, "price": price, "state": small => "approved" | "waiting"}
    }
    send_directive(made{"state"}, {"id": id})
    always {
      ent:orders{id} := made
      raise order event "approved" attributes {"id": id} if small
      schedule order event "overdue" at time:add(time:now(), patience) attributes {"id": id}
        if not small
    }
  }

  rule decide {
    select when order:decided id re#(.+)# by re#(.+)# setting(id, by) where isWaiting(id)
    pre {
      state = event:attrs{"yes"}.as("Boolean") => "approved" | "refused"
    }
    send_directive(state, {"id": id, "by": by})
    always {
      ent:orders{[id, "state"]} := state
      ent:orders{[id, "by"]} := by
      raise order event state attributes {"id": id, "by": by}
    }
  }

  rule remind {
    select when order:overdue id re#(.+)# setting(id) where isWaiting(id)
    always {
      ent:orders{[id, "reminded"]} := order(id){"reminded"}.defaultsTo(0) + 1
      schedule order event "overdue" at time:add(time:now(), patience) attributes {"id": id}
      log warn "nobody has decided on " + id
    }
  }
}

ruleset reminder {
  meta {
    name "Reminder"
    description <<Reminds once or again and again, for as long as the pico lives, on whatever machine.>>
    shares pending, told
  }

  global {
    // what is still to come, the next first
    pending = function() {
      schedule:list().map(function(entry) {
        {
          "id": entry{"id"},
          "text": entry{["event", "data", "attrs", "text"]},
          "when": entry{"type"} == "at" => time:new(entry{"time"}) | entry{"timespec"}
        }
      })
    }
    // what was said, and when
    told = function() { ent:told.defaultsTo([]) }
  }

  rule remind_once {
    select when reminder:once text re#(.+)# setting(text)
    pre {
      minutes = event:attrs{"minutes"}.defaultsTo(10).as("Number")
      at = event:attrs{"at"} || time:add(time:now(), {"minutes": minutes})
    }
    always {
      schedule reminder event "due" at at attributes {"text": text} setting(entry)
      raise reminder event "planned" attributes entry
    }
  }

  rule remind_again_and_again {
    select when reminder:often text re#(.+)# cron re#(.+)# setting(text, cron)
    always {
      schedule reminder event "due" repeat cron attributes {"text": text} setting(entry)
      raise reminder event "planned" attributes entry
    }
  }

  // a directive is an action, and actions come before what is scheduled
  rule confirm {
    select when reminder:planned
    send_directive("planned", {"id": event:attrs{"id"}})
  }

  rule tell {
    select when reminder:due
    always {
      ent:told := told().append({"text": event:attrs{"text"}, "at": time:now()})
    }
  }

  rule cancel {
    select when reminder:cancel id re#(.+)# setting(id)
    schedule:remove(id)
  }

  rule cancel_all {
    select when reminder:cancel_all
    schedule:clear()
  }
}

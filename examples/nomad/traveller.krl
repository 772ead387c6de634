ruleset traveller {
  meta {
    name "Traveller"
    description <<
      Has its pico live in one place by day and in another by night, go wherever it is told, and keep a journal of
      where it was.
    >>
    shares journal, where
  }

  global {
    // where it went and where it could not go, and when
    journal = function() { ent:journal.defaultsTo([]) }

    where = function() { engine:here(){"name"} }

    noted = function(what) {
      journal().append([
        {"at": time:now(), "what": what, "place": where(), "why": event:attrs{"reason"}}
      ])
    }

    // what its engine says, which comes by the channel that nobody else has
    isFromEngine = function() { event:eci == meta:picoId }
  }

  rule go {
    select when traveller:go to re#(.+)# setting(to)
    engine:migrate(to, event:attrs{"why"}.defaultsTo("somebody said so"))
  }

  rule plan {
    select when traveller:plan day re#(.+)# night re#(.+)# setting(day, night)
    schedule:clear()
    always {
      ent:places := {"day": day, "night": night}
      schedule traveller event "hour" repeat "0 8 * * *" attributes {"part": "day"}
      schedule traveller event "hour" repeat "0 20 * * *" attributes {"part": "night"}
    }
  }

  rule change_places {
    select when traveller:hour part re#^(day|night)$# setting(part)
    pre {
      place = ent:places{[part]}
    }
    if where() != place then engine:migrate(place, <<it is #{part}>>)
  }

  rule keep_journal {
    select when engine:arrived where isFromEngine()
    always {
      ent:journal := noted("arrived")
    }
  }

  rule try_again {
    select when engine:departed_failed where isFromEngine()
    always {
      ent:journal := noted("stayed")
      schedule traveller event "go"
        at time:add(time:now(), {"minutes": 10})
        attributes {"to": event:attrs{"to"}, "why": "it did not work before"}
    }
  }
}

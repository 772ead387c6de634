ruleset broker {
  meta {
    name "Broker"
    version "1.0"
    description <<Passes on what is published to whoever has subscribed to its topic, with wildcards as MQTT has them.>>
    shares subscriptions, retained, fits
  }

  global {
    // id → filter, and the channel and event by which the subscriber hears
    subscriptions = function() { ent:subscriptions.defaultsTo({}) }
    // topic → what was published last, for those who come later
    retained = function() { ent:retained.defaultsTo({}) }

    // + stands for one level, # at the end for all that follow
    fits = function(topic, filter) {
      pattern = filter
        .replace(re#[.]#g, "[.]")
        .replace(re#[+]#g, "[^/]+")
        .replace(re#(^|/)[\#]$#, "(?:$1.*)?")
      return topic.match("^" + pattern + "$")
    }

    told = function(subscriber, topic, payload) {
      {
        "eci": subscriber{"eci"},
        "domain": subscriber{"domain"},
        "type": subscriber{"type"},
        "attrs": {"topic": topic, "payload": payload}
      }
    }
  }

  rule subscribe {
    select when broker:subscribe filter re#(.+)# eci re#(.+)# setting(filter, eci)
    pre {
      id = event:attrs{"id"} || random:uuid()
      subscriber = {
        "filter": filter,
        "eci": eci,
        "domain": event:attrs{"domain"}.defaultsTo("topic"),
        "type": event:attrs{"type"}.defaultsTo("published")
      }
    }
    send_directive("subscribed", {"id": id})
    always {
      ent:subscriptions{id} := subscriber
      raise broker event "subscribed" attributes {"subscriber": subscriber}
    }
  }

  // who comes later hears at once what was kept for them
  rule tell_what_was_retained {
    select when broker:subscribed
    foreach retained() setting(payload, topic)
    pre {
      subscriber = event:attrs{"subscriber"}
    }
    if fits(topic, subscriber{"filter"}) then event:send(told(subscriber, topic, payload))
  }

  rule retain {
    select when broker:publish topic re#(.+)# setting(topic) where event:attrs{"retain"}
    always {
      ent:retained{[topic]} := event:attrs{"payload"}
    }
  }

  rule publish {
    select when broker:publish topic re#(.+)# setting(topic)
    foreach subscriptions().values() setting(subscriber)
    if fits(topic, subscriber{"filter"}) then
      event:send(told(subscriber, topic, event:attrs{"payload"}))
  }

  rule unsubscribe {
    select when broker:unsubscribe id re#(.+)# setting(id)
    always {
      clear ent:subscriptions{id}
    }
  }
}

ruleset listener {
  meta {
    name "Listener"
    version "1.0"
    description <<Keeps what it hears of the topics that its pico has subscribed to.>>
    shares heard
  }

  global {
    heard = function() { ent:heard.defaultsTo([]) }
  }

  rule hear {
    select when topic:published
    always {
      ent:heard := heard().append({
        "topic": event:attrs{"topic"},
        "payload": event:attrs{"payload"}
      })
    }
  }
}

ruleset my_project {
  meta {
    name "my_project"
    version "1.0"
    description <<Greets people, and remembers how often it has greeted each.>>
    shares guests, times
  }

  global {
    // name → how often they were greeted
    guests = function() { ent:guests.defaultsTo({}) }
    times = function(name) { guests(){name}.defaultsTo(0) }
  }

  rule greet {
    select when my_project:greet
    pre {
      name = event:attrs{"name"}.defaultsTo("world")
      hello = times(name) > 0 => "Hello again" | "Hello"
    }
    send_directive("greeted", {"text": hello + ", " + name + "!"})
    always {
      ent:guests{name} := times(name) + 1
    }
  }

  rule forget {
    select when my_project:forget
    always {
      clear ent:guests
    }
  }
}

ruleset heating {
  meta {
    name "Heating"
    description "Looks at a thermometer, and keeps a diary of warm days."
    shares latest, hot
  }

  global {
    latest = function() { ent:latest }
    hot = function(zone) { thermometer:fahrenheit(thermometer:celsius(zone)) > 100 }
  }

  rule look {
    select when heating:look
    pre {
      celsius = thermometer:celsius()
      degrees = {"celsius": celsius, "fahrenheit": thermometer:fahrenheit(celsius)}
    }
    if celsius > 30 then thermometer:note("it is " + celsius + " degrees")
    always {
      ent:latest := degrees
    }
  }

  rule noted {
    select when thermometer:note
    always {
      ent:latest{"lines"} := event:attrs{"value"}
    }
  }
}

ruleset sensor {
  meta {
    name "Sensor"
    version "1.0"
    description <<One sensor of a house: keeps its last readings, and tells the house of each.>>
    use module io.picolabs.wrangler alias wrangler
    shares latest, readings
  }

  global {
    kept = 100
    readings = function() { ent:readings.defaultsTo([]) }
    latest = function() { readings().reverse().head() }
  }

  rule take_reading {
    select when sensor:reading celsius re#^(-?\d+(?:\.\d+)?)$# setting(celsius)
    pre {
      reading = {"celsius": celsius.as("Number"), "at": time:now()}
      before = readings()
      from = before.length() >= kept => before.length() - kept + 1 | 0
    }
    if wrangler:parent_eci() then
      event:send({
        "eci": wrangler:parent_eci(),
        "domain": "house",
        "type": "reading",
        "attrs": reading.put("sensor", wrangler:name())
      })
    always {
      ent:readings := before.filter(function(one, index) { index >= from }).append(reading)
    }
  }
}

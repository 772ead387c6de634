tests for "sensor.krl" {
  test "keeps its readings, and no more than a hundred" {
    given time "2026-03-01T08:00:00Z"
    given ruleset "library:io.picolabs.wrangler"
    given ent:readings := 1.range(100)
    send sensor:reading attributes {"celsius": "21.5"}
    expect query("latest") == {"celsius": 21.5, "at": "2026-03-01T08:00:00.000Z"}
    expect query("readings").length() == 100 && query("readings").head() == 2
  }

  test "takes what is no temperature for nothing" {
    given ruleset "library:io.picolabs.wrangler"
    send sensor:reading attributes {"celsius": "warm"}
    expect query("readings") == []
    expect no sent house:reading
  }
}

tests for "broker.krl" {
  test "knows wildcards" {
    expect query("fits", {"topic": "home/kitchen/temp", "filter": "home/kitchen/temp"})
    expect query("fits", {"topic": "home/kitchen/temp", "filter": "home/+/temp"})
    expect query("fits", {"topic": "home/kitchen/temp", "filter": "home/#"})
    expect query("fits", {"topic": "home", "filter": "home/#"})
    expect query("fits", {"topic": "home", "filter": "#"})
    expect not query("fits", {"topic": "home/kitchen/temp", "filter": "home/+"})
    expect not query("fits", {"topic": "house/kitchen", "filter": "home/#"})
    expect not query("fits", {"topic": "homes", "filter": "home/#"})
    expect not query("fits", {"topic": "axb", "filter": "a.b"})
  }

  test "tells those whose filter fits, once each" {
    send broker:subscribe attributes {"id": "one", "filter": "home/+/temp", "eci": "eci-one"}
    send broker:subscribe attributes {"id": "two", "filter": "garden/#", "eci": "eci-two"}
    send broker:publish attributes {"topic": "home/kitchen/temp", "payload": 21}
    expect sent topic:published exactly {"topic": "home/kitchen/temp", "payload": 21}
    send broker:publish attributes {"topic": "cellar/temp", "payload": 9}
    expect no sent topic:published
  }

  test "who comes later hears what was retained" {
    send broker:publish attributes {"topic": "home/door", "payload": "open", "retain": true}
    send broker:publish attributes {"topic": "home/bell", "payload": "rings"}
    send broker:subscribe attributes {"filter": "home/#", "eci": "eci-one"}
    expect sent topic:published exactly {"topic": "home/door", "payload": "open"}
    expect query("retained") == {"home/door": "open"}
  }

  test "who leaves hears no more" {
    send broker:subscribe attributes {"id": "one", "filter": "#", "eci": "eci-one"}
    send broker:unsubscribe attributes {"id": "one"}
    send broker:publish attributes {"topic": "home/door", "payload": "open"}
    expect no sent topic:published
    expect query("subscriptions") == {}
  }
}

tests for "house.krl" {
  test "knows what each sensor said last" {
    send house:reading
      attributes {"sensor": "Kitchen", "celsius": 20, "at": "2026-01-01T00:00:00.000Z"}
    send house:reading
      attributes {"sensor": "Cellar", "celsius": 9, "at": "2026-01-01T00:00:00.000Z"}
    send house:reading
      attributes {"sensor": "Kitchen", "celsius": 21, "at": "2026-01-01T00:01:00.000Z"}
    expect query("rooms"){["Kitchen", "celsius"]} == 21
    expect query("rooms").keys() == ["Kitchen", "Cellar"]
    expect query("warnings") == []
  }

  test "warns once when it becomes too warm" {
    send house:limit attributes {"celsius": "25"}
    send house:reading attributes {"sensor": "Attic", "celsius": 26}
    expect raised house:too_warm with {"sensor": "Attic"}
    expect directive "warning" with {"celsius": 26}
    send house:reading attributes {"sensor": "Attic", "celsius": 27}
    expect no directive
    send house:reading attributes {"sensor": "Attic", "celsius": 20}
    send house:reading attributes {"sensor": "Attic", "celsius": 28}
    expect query("warnings").length() == 2
  }

  test "misses who falls silent" {
    given time "2026-03-01T08:00:00Z"
    send house:reading
      attributes {"sensor": "Attic", "celsius": 20, "at": "2026-03-01T08:00:00.000Z"}
    wait 59 minutes
    expect query("silent") == []
    wait 2 minutes
    expect query("silent") == ["Attic"]
  }
}

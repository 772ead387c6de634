tests for "counter.krl" {
  test "counts from nothing" {
    send counter:increment
    expect directive "counted" exactly {"count": 1}
    send counter:increment attributes {"by": 41}
    expect directive "counted" with {"count": 42}
    expect query("count") == 42 && ent:count == 42
  }

  test "goes on from where it was" {
    given ent:count := 5
    send counter:increment attributes {"by": "2"}
    expect count() == 7
  }

  test "takes what is no number for nothing" {
    given ent:count := 5
    send counter:increment attributes {"by": "many"}
    expect ent:count == 5
    expect no error
  }

  test "counts every ticket" {
    send counter:increment attributes {"ticket": "a"}
    send counter:increment attributes {"ticket": "b"}
    send counter:increment attributes {"ticket": "a"}
    expect query("tickets") == {"a": 2, "b": 1}
    send counter:increment
    expect ent:tickets == {"a": 2, "b": 1}
  }

  test "forgets everything" {
    given ent:count := 5
    given ent:tickets := {"a": 5}
    send counter:reset
    expect no directive
    expect ent:count.isnull() && tickets() == {}
  }
}

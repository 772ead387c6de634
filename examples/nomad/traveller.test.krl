tests for "traveller.krl" {
  test "goes where it is told" {
    given engine:migrate answers {"attempt": "a1"}
    send traveller:go attributes {"to": "server"}
    expect no error
    send traveller:go
    expect no error
  }

  test "lives here by day and there by night" {
    given time "2026-03-01T12:00:00Z"
    given engine:here answers {"name": "laptop"}
    given engine:here answers {"name": "server"}
    given engine:migrate for "server" answers {"attempt": "a1"}
    given engine:migrate for "laptop" answers {"attempt": "a2"}
    send traveller:plan attributes {"day": "laptop", "night": "server"}
    expect scheduled traveller:hour with {"part": "night"}
    wait 8 hours
    expect no error
    wait 12 hours
    expect no error
  }

  test "keeps a journal" {
    given time "2026-03-01T12:00:00Z"
    given engine:here answers {"name": "server"}
    send engine:arrived
      attributes {"from": "did:a", "to": "did:b", "reason": "it is night", "attempt": "a1"}
    expect query("journal")
      == [
        {
          "at": "2026-03-01T12:00:00.000Z",
          "what": "arrived",
          "place": "server",
          "why": "it is night"
        }
      ]
  }

  test "tries again when it was not let in" {
    given engine:here answers {"name": "laptop"}
    given engine:migrate for "server" answers {"attempt": "a2"}
    send engine:departed_failed
      attributes {"from": "did:a", "to": "server", "reason": "no-room", "attempt": "a1"}
    expect journal()[0]{"what"} == "stayed" && journal()[0]{"why"} == "no-room"
    expect scheduled traveller:go with {"to": "server"}
    wait 10 minutes
    expect no scheduled traveller:go
  }
}

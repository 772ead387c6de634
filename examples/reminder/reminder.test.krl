tests for "reminder.krl" {
  test "reminds once, when it is time" {
    given time "2026-03-01T08:00:00Z"
    send reminder:once attributes {"text": "water the plants", "minutes": 5}
    expect directive "planned"
    expect scheduled reminder:due with {"text": "water the plants"}
    wait 4 minutes
    expect told() == []
    wait 1 minutes
    expect told() == [{"text": "water the plants", "at": "2026-03-01T08:05:00.000Z"}]
    wait 1 days
    expect told().length() == 1 && pending() == []
  }

  test "reminds again and again" {
    given time "2026-03-01T08:00:00Z"
    send reminder:often attributes {"text": "stand up", "cron": "0 9-17 * * mon-fri"}
    wait 24 hours
    expect told() == []
    wait 24 hours
    expect told().length() == 9
    expect query("pending")[0]{"when"} == "0 9-17 * * mon-fri"
  }

  test "forgets what is cancelled" {
    send reminder:once attributes {"text": "one"}
    id = directives[0]{["options", "id"]}
    send reminder:once attributes {"text": "two"}
    send reminder:cancel attributes {"id": id}
    expect pending().map(function(one) { one{"text"} }) == ["two"]
    send reminder:cancel_all
    expect no scheduled reminder:due
  }

  test "says what is wrong with a time" {
    send reminder:once attributes {"text": "soon", "at": "whenever"}
    expect error "R601"
    expect no scheduled reminder:due
  }
}

// Each begins on an engine called laptop, at eight on a Monday, with the test as the pico's owner.
tests for "../../ruleset_library/io.picomesh.nomad.krl" {
  test "stays where it is when nobody is there" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 5, "load": 0}
    given engine:offers answers []
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    expect scheduled nomad:weigh
    wait 120 minutes
    expect query("whyHere"){"verdict"} == "stay"
    expect query("whyHere"){"reason"} == "no other engine is known here"
    expect query("decisions").length() == 1
  }

  test "goes where it is cheaper, once that was so for long enough and it has stayed for a while" {
    given configuration {"owner": "door"}
    given time "2026-03-02T08:00:00Z"
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 1,
          "round_trip_ms": 10,
          "success": 1,
          "free": {"picos": 200}
        }
      ]
    given engine:migrate answers {"attempt": "a1"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    wait 10 minutes
    expect query("whyHere"){"reason"} == "one is better, but not for long enough yet"
    expect query("whyHere"){["rows", 0, "why"]} == "is better, but has to be so for another 10 min"
    wait 49 minutes
    expect query("whyHere"){"verdict"} == "stay"
    expect query("whyHere"){"reason"}
      == "server would be better, but it came not long ago, and thinks again in 5 min"
    expect ent:leaving.isnull()
    wait 1 minutes
    expect ent:leaving{"to"} == "B"
    expect query("whyHere"){"verdict"} == "go"
    expect query("whyHere"){["rows", 0, "name"]} == "server"
    expect query("whyHere"){["rows", 0, "why"]} == "is better, and was so for long enough"
    expect query("whyHere"){["rows", 1, "why"]} == "is where it lives"
    wait 5 minutes
    expect query("whyHere"){"verdict"} == "leaving"
    expect query("whyHere"){"reason"} == "it is about to go to server"
  }

  test "remembers where it came from, and begins to count anew" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "B", "name": "server", "price": 1, "load": 0}
    given engine:offers answers []
    given ent:owner := "door"
    given ent:home := "A"
    given ent:leaving := {"to": "B", "name": "server", "reason": "cheaper", "at": 0}
    given ent:failed := {"B": {"count": 2, "until": 0}, "C": {"count": 1, "until": 0}}
    send engine:arrived attributes {"from": "A", "to": "B", "reason": "cheaper", "attempt": "a1"}
    expect ent:leaving.isnull() && ent:home == "B"
    expect ent:failed.keys() == ["C"]
    expect query("journeys")[0]{"from"} == "A" && query("journeys")[0]{"arrived"}
    expect query("whyHere"){["rows", 0, "name"]} == "server"
  }

  test "is told by nobody but its engine that it has moved" {
    given configuration {"owner": "door"}
    given ruleset "liar.krl"
    given ent:owner := "door"
    given ent:home := "A"
    send liar:lie
    expect raised engine:arrived
    expect ent:home == "A" && query("journeys") == []
  }

  test "waits longer after each failure, and says why" {
    given configuration {"owner": "door"}
    given time "2026-03-02T08:00:00Z"
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 1,
          "round_trip_ms": 10,
          "success": 1,
          "free": {"picos": 200}
        }
      ]
    given engine:migrate answers {"attempt": "a1"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    wait 60 minutes
    expect ent:leaving{"to"} == "B"
    send engine:departed_failed
      attributes {"from": "A", "to": "B", "reason": "no-room", "attempt": "a1"}
    expect ent:leaving.isnull()
    expect query("journeys")[0]{"reason"} == "no-room" && not query("journeys")[0]{"arrived"}
    expect ent:failed{["B", "count"]} == 1
    wait 5 minutes
    expect query("whyHere"){["rows", 0, "why"]} == "failed once; is tried again in 5 min"
    wait 20 minutes
    expect ent:leaving{"to"} == "B"
    send engine:departed_failed
      attributes {"from": "A", "to": "B", "reason": "no-room", "attempt": "a2"}
    expect ent:failed{["B", "count"]} == 2
    wait 15 minutes
    expect query("whyHere"){["rows", 0, "why"]} == "failed 2 times; is tried again in 5 min"
  }

  test "takes a departure of which nothing is heard for one that has failed" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 1, "load": 0}
    given engine:offers answers [{"did": "B", "name": "server", "price": 1, "success": 1}]
    given engine:migrate answers {"attempt": "a1"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    wait 5 minutes
    send nomad:go attributes {"to": "B"}
    expect ent:leaving{"reason"} == "its owner wants it to"
    wait 15 minutes
    expect ent:leaving.isnull() && ent:failed{["B", "count"]} == 1
  }

  test "notices by itself that it lives elsewhere by now" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 1, "load": 0}
    given engine:here answers {"did": "A", "name": "laptop", "price": 1, "load": 0}
    given engine:here answers {"did": "C", "name": "attic", "price": 1, "load": 0}
    given engine:offers answers []
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    wait 5 minutes
    expect ent:home == "A"
    since = ent:since
    wait 5 minutes
    expect ent:home == "C" && ent:since > since
  }

  test "weighs as its owner says" {
    given configuration {"owner": "door"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure attributes {"weights": {"cost": 10}, "margin": 0.2, "every": "0 * * * *"}
    expect directive "configured"
    expect query("settings"){"weights"}
      == {"cost": 10, "latency": 2, "availability": 3, "capacity": 2}
    expect query("settings"){"margin"} == 0.2
    expect query("settings"){"stay_min"} == 60
    expect schedule:list().map(function(one) { one{"timespec"} }) == ["0 * * * *"]
    send nomad:configure attributes {"weights": {"latency": 0}, "margin": null}
    expect query("settings"){"weights"}
      == {"cost": 10, "latency": 0, "availability": 3, "capacity": 2}
    expect query("settings"){"margin"} == 0.1
  }

  test "says everything that is wrong with a setting, and changes none" {
    given configuration {"owner": "door"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure
      attributes {"weights": {"beauty": 1}, "margin": 2, "patience": 5, "stay_min": 5}
    expect directive "refused"
    expect directives[0]{["options", "problems"]}.length() == 3
    expect directives[0]{["options", "problems", 1]} == "margin is a number from 0 to 1"
    expect query("settings"){"stay_min"} == 60
  }

  test "obeys nobody but its owner" {
    given configuration {"owner": "somebody else's channel"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure attributes {"margin": 0.5}
    expect no directive
    send nomad:stay
    send nomad:go attributes {"to": "B"}
    expect query("settings"){"margin"} == 0.1
    expect ent:stays.isnull() && ent:leaving.isnull()
  }

  test "makes a channel for its owner, and tells whoever installs it" {
    given engine:here answers {"did": "A", "name": "laptop"}
    given engine:offers answers []
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    expect directive "nomad"
      with {"owner": ctx:channels.filter(function(one) { one{"tags"} >< "owner" })[0]{"id"}}
    expect scheduled nomad:weigh
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    expect no directive
  }

  test "stays when its owner wants it to, and roams again" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 1,
          "round_trip_ms": 10,
          "success": 1,
          "free": {"picos": 200}
        }
      ]
    given engine:migrate answers {"attempt": "a1"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:stay
    wait 3 hours
    expect ent:leaving.isnull()
    expect query("whyHere"){"reason"} == "its owner wants it to stay"
    send nomad:roam
    wait 5 minutes
    expect ent:leaving{"to"} == "B"
  }

  test "has other weights at night" {
    given configuration {"owner": "door"}
    given time "2026-03-02T20:00:00Z"
    given engine:here answers {"did": "A", "name": "laptop", "price": 10, "load": 0}
    given engine:offers answers []
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure attributes {"hours": [{"from": 22, "until": 6, "weights": {"cost": 9}}]}
    wait 30 minutes
    expect query("whyHere"){["weights", "cost"]} == 3
    wait 4 hours
    expect query("whyHere"){["weights", "cost"]} == 9
    wait 8 hours
    expect query("whyHere"){["weights", "cost"]} == 3
  }

  test "leaves at certain hours only, on certain days" {
    given configuration {"owner": "door"}
    given time "2026-03-06T08:00:00Z"
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 1,
          "round_trip_ms": 10,
          "success": 1,
          "free": {"picos": 200}
        }
      ]
    given engine:migrate answers {"attempt": "a1"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure
      attributes {"leave_hours": {"from": 2, "until": 4, "days": [1, 2]}, "utc_offset_h": 1}
    wait 2 days
    expect ent:leaving.isnull()
    expect query("whyHere"){"reason"}
      == "server would be better, but this is no hour at which it may leave"
    wait 16 hours
    expect ent:leaving.isnull()
    wait 70 minutes
    expect ent:leaving{"to"} == "B"
  }

  test "leaves only when its engine is busy, if that is wanted" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 1,
          "round_trip_ms": 10,
          "success": 1,
          "free": {"picos": 200}
        }
      ]
    given engine:migrate answers {"attempt": "a1"}
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure attributes {"leave_load": 0.8}
    wait 3 hours
    expect query("whyHere"){"reason"}
      == "server would be better, but this engine is not busy enough (load 0.5, and it leaves from 0.8 on)"
    send nomad:configure attributes {"leave_load": 0.5}
    wait 20 minutes
    expect ent:leaving{"to"} == "B"
  }

  test "says of each engine why it is none to go to" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "gone",
          "price": 0,
          "success": 1,
          "round_trip_ms": 1,
          "free": {"picos": 9},
          "expired": true
        },
        {
          "did": "C",
          "name": "rude",
          "price": 0,
          "success": 1,
          "round_trip_ms": 1,
          "free": {"picos": 9},
          "left_at": "2026-01-01"
        },
        {
          "did": "D",
          "name": "cousin",
          "price": 0,
          "success": 1,
          "round_trip_ms": 1,
          "free": {"picos": 9}
        },
        {
          "did": "E",
          "name": "full",
          "price": 0,
          "success": 1,
          "round_trip_ms": 1,
          "free": {"picos": 0}
        },
        {
          "did": "F",
          "name": "dear",
          "price": 500,
          "success": 0,
          "round_trip_ms": 900,
          "free": {"picos": 1}
        },
        {"did": "G", "name": "silent"}
      ]
    send wrangler:ruleset_installed attributes {"rids": ["io.picomesh.nomad"]}
    send nomad:configure attributes {"never": ["cousin"]}
    wait 5 minutes
    reasons = query("whyHere"){"rows"}
      .collect(function(row) { row{"name"} })
      .map(function(rows) { rows[0]{"why"} })
    expect reasons{"gone"} == "has not been heard of lately"
    expect reasons{"rude"} == "does not know this engine any more"
    expect reasons{"cousin"} == "its owner never wants it to go there"
    expect reasons{"full"} == "has no room"
    expect reasons{"dear"} == "is not better"
    expect reasons{"silent"} == "is not better"
    wait 3 hours
    expect ent:leaving.isnull()
    send nomad:configure attributes {"only": ["dear"], "never": null}
    wait 5 minutes
    expect query("whyHere"){"rows"}.filter(function(row) { row{"did"} == "D" })[0]{"why"}
      == "is not among those its owner lets it go to"
  }

  test "leaves wishes to the engine, and shows who does not fit" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 50, "load": 0.5}
    given engine:offers for "[Map]" answers [{"did": "C", "name": "fit", "price": 40, "success": 1}]
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 1,
          "round_trip_ms": 10,
          "success": 1,
          "free": {"picos": 200}
        },
        {"did": "C", "name": "fit", "price": 40, "success": 1}
      ]
    given ent:owner := "door"
    given ent:since := 0
    send nomad:configure attributes {"wishes": {"features": ["ipfs"]}}
    send nomad:weigh
    expect query("whyHere"){["rows", 0, "why"]} == "is not as its owner wishes"
  }

  test "takes the word of its owner for how far away an engine is" {
    given configuration {"owner": "door"}
    given engine:here answers {"did": "A", "name": "laptop", "price": 1, "load": 0}
    given engine:offers
      answers [{"did": "B", "name": "server", "price": 1, "round_trip_ms": 900, "success": 1}]
    given ent:owner := "door"
    given ent:since := 0
    send nomad:configure attributes {"latencies_ms": {"laptop": 300, "B": 100}}
    send nomad:weigh
    expect query("whyHere"){["rows", 0, "parts", "latency"]} == 0.25
    expect query("whyHere"){["rows", 1, "parts", "latency"]} == 0.5
  }

  test "follows what is measured slowly" {
    given configuration {"owner": "door"}
    given ent:owner := "door"
    given ent:since := 0
    given engine:here answers {"did": "A", "name": "laptop", "price": 0, "load": 0}
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 0,
          "success": 1,
          "round_trip_ms": 0,
          "free": {"picos": 20}
        }
      ]
    given engine:offers
      answers [
        {
          "did": "B",
          "name": "server",
          "price": 0,
          "success": 0,
          "round_trip_ms": 0,
          "free": {"picos": 20}
        }
      ]
    send nomad:weigh
    expect query("whyHere"){["rows", 1, "score"]} == 0.9
    wait 10 minutes
    send nomad:weigh
    expect query("whyHere"){["rows", 1, "now"]} == 0.6
    expect query("whyHere"){["rows", 1, "score"]} == 0.75
  }
}

ruleset io.picomesh.nomad {
  meta {
    name "Nomad"
    description <<
      Has its pico live where it lives best: weighs what other engines cost, how far away they are, how well
      they are reached and how much room they have, moves when one of them has been better for long enough,
      and keeps the reasons of every decision.
    >>
    shares whyHere, settings, decisions, journeys
  }

  global {
    // --- what is kept: ent:owner, the channel that settings come by; ent:settings, those that its owner has
    //     made; ent:stays, whether it is not to move; ent:home, the engine it is on; ent:since, when it came,
    //     in milliseconds; ent:scores, of each engine {"score", "at"}; ent:ahead, since when an engine is
    //     better than this one; ent:failed, of each engine {"count", "until"}; ent:leaving, where it is about
    //     to go {"to", "name", "reason", "at"}; ent:table, the last score table; ent:decisions and
    //     ent:journeys, the last few ---

    DEFAULTS = {
      "weights": {"cost": 3, "latency": 2, "availability": 3, "capacity": 2},
      "half_price": 10,
      "half_latency_ms": 100,
      "half_free_picos": 20,
      "latencies_ms": {},
      "wishes": {},
      "only": [],
      "never": [],
      "hours": [],
      "leave_hours": null,
      "leave_load": null,
      "utc_offset_h": 0,
      "margin": 0.1,
      "patience_min": 15,
      "stay_min": 60,
      "smoothing_min": 10,
      "backoff_min": 10,
      "longest_backoff_min": 1440,
      "departure_min": 15,
      "every": "*/5 * * * *"
    }
    ASPECTS = ["cost", "latency", "availability", "capacity"]
    KEPT = 20
    MINUTE = 60000

    settings = function() { DEFAULTS.put(ent:settings.defaultsTo({})) }

    whyHere = function() {
      ent:table.isnull() => null
        | ent:table.put({
          "stays": ent:stays.defaultsTo(false),
          "leaving": ent:leaving,
          "settings": settings()
        })
    }

    decisions = function() { ent:decisions.defaultsTo([]) }

    journeys = function() { ent:journeys.defaultsTo([]) }

    // --- who may say what ---

    isOwner = function() { event:eci == ent:owner }

    // Over this channel nobody sends anything but the pico itself and its engine.
    isFromWithin = function() { event:eci == meta:picoId && event:sender == meta:picoId }

    // --- settings ---

    isNumber = function(value) { value.typeof() == "Number" }

    isAmount = function(value) { isNumber(value) && value >= 0 }

    isPositive = function(value) { isNumber(value) && value > 0 }

    isShare = function(value) { isAmount(value) && value <= 1 }

    isMap = function(value) { value.typeof() == "Map" }

    areTexts = function(value) {
      value.typeof() == "Array" && value.all(function(one) { one.typeof() == "String" })
    }

    areAmounts = function(value) { isMap(value) && value.values().all(isAmount) }

    areWeights = function(value) {
      areAmounts(value) && value.keys().all(function(name) { ASPECTS >< name })
    }

    isHour = function(value) { isAmount(value) && value <= 24 }

    areHours = function(value) {
      isMap(value)
        && isHour(value{"from"})
        && isHour(value{"until"})
        && (value{"days"}.isnull() || value{"days"}.typeof() == "Array")
    }

    areChanges = function(value) {
      value.typeof() == "Array"
        && value.all(function(one) { areHours(one) && areWeights(one{"weights"}) })
    }

    GOOD = {
      "weights": {
        "is": areWeights,
        "words": "a map of cost, latency, availability and capacity to numbers"
      },
      "half_price": {"is": isPositive, "words": "a number above 0"},
      "half_latency_ms": {"is": isPositive, "words": "a number above 0"},
      "half_free_picos": {"is": isPositive, "words": "a number above 0"},
      "latencies_ms": {
        "is": areAmounts,
        "words": "a map of names or DIDs of engines to milliseconds"
      },
      "wishes": {"is": isMap, "words": "a map, as engine:offers takes it"},
      "only": {"is": areTexts, "words": "an array of names or DIDs of engines"},
      "never": {"is": areTexts, "words": "an array of names or DIDs of engines"},
      "hours": {
        "is": areChanges,
        "words": "an array of maps of from, until, perhaps days, and weights"
      },
      "leave_hours": {"is": areHours, "words": "a map of from, until and perhaps days"},
      "leave_load": {"is": isShare, "words": "a number from 0 to 1"},
      "utc_offset_h": {"is": isNumber, "words": "a number"},
      "margin": {"is": isShare, "words": "a number from 0 to 1"},
      "patience_min": {"is": isAmount, "words": "a number of minutes"},
      "stay_min": {"is": isAmount, "words": "a number of minutes"},
      "smoothing_min": {"is": isAmount, "words": "a number of minutes"},
      "backoff_min": {"is": isPositive, "words": "a number of minutes above 0"},
      "longest_backoff_min": {"is": isPositive, "words": "a number of minutes above 0"},
      "departure_min": {"is": isPositive, "words": "a number of minutes above 0"},
      "every": {
        "is": function(value) { value.typeof() == "String" },
        "words": "a time in the form of cron"
      }
    }

    // What is wrong with settings that somebody wants; null stands for what is set without them.
    problems = function(wanted) {
      wanted
        .keys()
        .filter(function(name) {
          not (GOOD >< name) || not (wanted{[name]}.isnull() || isGood(name, wanted{[name]}))
        })
        .map(function(name) {
          GOOD >< name => <<#{name} is #{GOOD{[name, "words"]}}>>
            | <<there is no setting #{name}; there are #{GOOD.keys().join(", ")}>>
        })
    }

    isGood = function(name, value) {
      is = GOOD{[name, "is"]}
      return is(value)
    }

    // Weights are changed one by one, the rest is replaced.
    changed = function(wanted) {
      before = ent:settings.defaultsTo({})
      weights = wanted{"weights"}.isnull() => null
        | DEFAULTS{"weights"}.put(before{"weights"}.defaultsTo({})).put(wanted{"weights"})
      return before
        .put(wanted)
        .put("weights", wanted >< "weights" => weights | before{"weights"})
        .filter(function(value) { not value.isnull() })
    }

    // --- time of day ---

    hour = function(s) {
      now = time:add(time:now(), {"minutes": s{"utc_offset_h"} * 60})
      return {
        "at": time:strftime(now, "%H").as("Number") + time:strftime(now, "%M").as("Number") / 60,
        "day": time:strftime(now, "%u").as("Number")
      }
    }

    isWithin = function(hours, h) {
      from = hours{"from"}
      until = hours{"until"}
      inHours = from <= until => from <= h{"at"} && h{"at"} < until
        | from <= h{"at"} || h{"at"} < until
      return inHours && (hours{"days"}.isnull() || hours{"days"} >< h{"day"})
    }

    weightsNow = function(s, h) {
      changes = s{"hours"}.filter(function(one) { isWithin(one, h) })
      return DEFAULTS{"weights"}
        .put(s{"weights"})
        .put(changes == [] => {} | changes.head(){"weights"}.defaultsTo({}))
    }

    // --- what an engine is worth, each aspect from 0 to 1. What nobody knows counts as nothing ---

    less = function(value, half) { value.isnull() => 0 | half / (half + value) }

    more = function(value, half) { value.isnull() => 0 | value / (half + value) }

    named = function(map, engine) {
      map >< engine{"did"} => map{[engine{"did"}]}
        | map >< engine{"name"} => map{[engine{"name"}]}
        | null
    }

    isAmong = function(names, engine) { names >< engine{"did"} || names >< engine{"name"} }

    latencyOf = function(engine, isHere, s) {
      own = named(s{"latencies_ms"}, engine)
      return not own.isnull() => own | isHere => 0 | engine{"round_trip_ms"}
    }

    freeOf = function(engine) { engine{"free"}.isnull() => null | engine{["free", "picos"]} }

    capacityOf = function(engine, isHere, s) {
      idle = 1 - (engine{"load"}.isnull() => 0 | engine{"load"})
      // A pico that is here has its place; how many others would fit is none of its cares.
      return isHere => idle | idle * more(freeOf(engine), s{"half_free_picos"})
    }

    worth = function(engine, isHere, s) {
      {
        "cost": less(engine{"price"}, s{"half_price"}),
        "latency": less(latencyOf(engine, isHere, s), s{"half_latency_ms"}),
        "availability": isHere => 1 | engine{"success"}.isnull() => 0 | engine{"success"},
        "capacity": capacityOf(engine, isHere, s)
      }
    }

    weighed = function(parts, weights) {
      sum = weights.values().reduce(function(a, b) { a + b })
      return sum == 0 => 0
        | ASPECTS.reduce(function(total, name) { total + weights{[name]} * parts{[name]} }, 0) / sum
    }

    // A score follows what is measured as slowly as its owner wants, whatever the time between two looks.
    smoothed = function(did, score, now, s) {
      before = ent:scores.defaultsTo({}){[did]}
      passed = before.isnull() => 0 | now - before{"at"}
      tau = s{"smoothing_min"} * MINUTE
      return before.isnull() || tau == 0 => score
        | before{"score"} + (score - before{"score"}) * (passed / (passed + tau))
    }

    round3 = function(number) { math:round(number, 3) }

    row = function(engine, isHere, now, s, weights) {
      parts = worth(engine, isHere, s)
      score = weighed(parts, weights)
      return {
        "did": engine{"did"},
        "name": engine{"name"},
        "here": isHere,
        "parts": parts.map(round3),
        "measured": {
          "price": engine{"price"},
          "latency_ms": latencyOf(engine, isHere, s),
          "success": isHere => null | engine{"success"},
          "free_picos": freeOf(engine),
          "load": engine{"load"}
        },
        "now": round3(score),
        "score": smoothed(engine{"did"}, score, now, s)
      }
    }

    // --- why an engine is none to go to, whatever its score is ---

    bar = function(engine, now, s, fitting) {
      failed = named(ent:failed.defaultsTo({}), engine)
      return engine{"expired"} == true => "has not been heard of lately"
        | not engine{"left_at"}.isnull() => "does not know this engine any more"
        | isAmong(s{"never"}, engine) => "its owner never wants it to go there"
        | s{"only"} != []
          && not isAmong(s{"only"}, engine) => "is not among those its owner lets it go to"
        | not fitting.isnull() && not (fitting >< engine{"did"}) => "is not as its owner wishes"
        | freeOf(engine) == 0 => "has no room"
        | not failed.isnull()
          && failed{"until"}
            > now => <<failed #{times(failed{"count"})}; is tried again #{inMinutes(failed{"until"} - now)}>>
        | null
    }

    times = function(count) { count == 1 => "once" | <<#{count} times>> }

    inMinutes = function(ms) { <<in #{math:ceiling(ms / MINUTE)} min>> }

    // --- the decision ---

    // Since when each engine is better than this one by the margin.
    aheadOf = function(rows, home, now, s) {
      before = ent:ahead.defaultsTo({})
      return rows
        .filter(function(one) {
          not one{"here"} && one{"bar"}.isnull() && one{"score"} - home >= s{"margin"}
        })
        .collect(function(one) { one{"did"} })
        .map(function(ones, did) { before >< did => before{[did]} | now })
    }

    why = function(one, home, ahead, now, s) {
      since = ahead{[one{"did"}]}
      return one{"here"} => "is where it lives"
        | not one{"bar"}.isnull() => one{"bar"}
        | one{"score"} <= home => "is not better"
        | since.isnull() => <<is better by #{round3(one{"score"} - home)}, less than the margin of #{s{"margin"}}>>
        | now - since
          < s{"patience_min"}
            * MINUTE => <<is better, but has to be so for another #{math:ceiling((s{"patience_min"} * MINUTE - now + since) / MINUTE)} min>>
        | "is better, and was so for long enough"
    }

    // What keeps the pico here although there is somewhere better.
    kept = function(now, h, here, s) {
      stay = ent:since + s{"stay_min"} * MINUTE - now
      return ent:stays => "its owner wants it to stay"
        | not ent:leaving.isnull() => <<it is about to go to #{ent:leaving{"name"}}>>
        | stay > 0 => <<it came not long ago, and thinks again #{inMinutes(stay)}>>
        | not s{"leave_hours"}.isnull()
          && not isWithin(s{"leave_hours"}, h) => "this is no hour at which it may leave"
        | not s{"leave_load"}.isnull()
          && here{"load"}.defaultsTo(0)
            < s{"leave_load"} => <<this engine is not busy enough (load #{here{"load"}.defaultsTo(0)}, and it leaves from #{s{"leave_load"}} on)>>
        | null
    }

    // The best first, and of equal ones always the same.
    byScore = function(a, b) {
      a{"score"} == b{"score"} => a{"did"} cmp b{"did"} | b{"score"} - a{"score"}
    }

    decide = function(now, here, offers, fitting, s) {
      h = hour(s)
      weights = weightsNow(s, h)
      others = offers.filter(function(one) { one{"did"} != here{"did"} })
      rows = [row(here, true, now, s, weights)].append(
        others.map(function(one) {
          row(one, false, now, s, weights).put("bar", bar(one, now, s, fitting))
        })
      )
      home = rows.head(){"score"}
      ahead = aheadOf(rows, home, now, s)
      sorted = rows.sort(byScore)
      ready = sorted.filter(function(one) {
        ahead >< one{"did"} && now - ahead{[one{"did"}]} >= s{"patience_min"} * MINUTE
      })
      hold = kept(now, h, here, s)
      best = ready == [] || not hold.isnull() => null | ready.head()
      return {
        "at": time:now(),
        "weights": weights,
        "rows": sorted.map(function(one) {
          one
            .put({"score": round3(one{"score"}), "why": why(one, home, ahead, now, s)})
            .delete("bar")
        }),
        "verdict": not best.isnull() => "go" | ent:leaving.isnull() => "stay" | "leaving",
        "to": best.isnull() => null | best{"did"},
        "price": best.isnull() => null | best{["measured", "price"]},
        "name": not best.isnull() => best{"name"}
          | ent:leaving.isnull() => here{"name"}
          | ent:leaving{"name"},
        "reason": reason(best, ready, hold, home, others, ahead, s),
        "scores": rows
          .collect(function(one) { one{"did"} })
          .map(function(ones) { {"score": ones.head(){"score"}, "at": now} }),
        "ahead": ahead
      }
    }

    reason = function(best, ready, hold, home, others, ahead, s) {
      not best.isnull() => <<#{best{"name"}} is better: #{round3(best{"score"})} against #{round3(home)}, for #{s{"patience_min"}} min and more>>
        | ent:stays || not ent:leaving.isnull() => hold
        | others == [] => "no other engine is known here"
        | ready != [] => <<#{ready.head(){"name"}} would be better, but #{hold}>>
        | ahead != {} => "one is better, but not for long enough yet"
        | "none is better by the margin"
    }

    // --- what is kept of the past ---

    latest = function(list, one) {
      all = list.defaultsTo([]).append([one])
      return all.length() > KEPT => all.slice(all.length() - KEPT, all.length() - 1) | all
    }

    // A decision that is the same as the one before it is the same one still.
    noted = function(table) {
      last = ent:decisions.isnull() => null | ent:decisions[ent:decisions.length() - 1]
      one = {
        "at": table{"at"},
        "verdict": table{"verdict"},
        "name": table{"name"},
        "reason": table{"reason"}
      }
      same = not last.isnull()
        && last{"verdict"} == one{"verdict"}
        && kind(last{"reason"}) == kind(one{"reason"})
      return same => ent:decisions | latest(ent:decisions, one)
    }

    // Without the numbers in it, which change from one look to the next.
    kind = function(text) { text.replace(re#[0-9.]+#g, "") }

    backedOff = function(did, now, s) {
      before = ent:failed.defaultsTo({}){[did]}
      count = before.isnull() => 1 | before{"count"} + 1
      wait = doubled(s{"backoff_min"}, count - 1, s{"longest_backoff_min"})
      return ent:failed.defaultsTo({}).put([did], {"count": count, "until": now + wait * MINUTE})
    }

    doubled = function(minutes, times, most) {
      times <= 0 || minutes >= most => (minutes < most => minutes | most)
        | doubled(minutes * 2, times - 1, most)
    }

    isLate = function(now) {
      not ent:leaving.isnull() && now - ent:leaving{"at"} >= settings(){"departure_min"} * MINUTE
    }

    // What is scheduled comes back by the channel on which it was asked for, and the pico's own stays.
    haveItPlanned = defaction() {
      event:send({"eci": meta:picoId, "domain": "nomad", "type": "planned", "attrs": {}})
    }

    OWNERS_EVENTS = {"allow": [{"domain": "nomad", "name": "*"}], "deny": []}
    OWNERS_QUERIES = {"allow": [{"rid": meta:rid, "name": "*"}], "deny": []}
  }

  // --- beginning ---

  rule begin {
    select when wrangler:ruleset_installed
        where event:attrs{"rids"} >< meta:rid
          && ent:owner.isnull()
          && ctx:rid_config{"owner"}.isnull()
    every {
      ctx:newChannel(["nomad", "owner"], OWNERS_EVENTS, OWNERS_QUERIES) setting(channel)
      // To whoever installs it, and to nobody afterwards: who has this channel says where the pico lives.
      send_directive("nomad", {"owner": channel{"id"}})
      haveItPlanned()
    }
    always {
      ent:owner := channel{"id"}
      ent:since := event:time
    }
  }

  rule begin_as_told {
    select when wrangler:ruleset_installed
        where event:attrs{"rids"} >< meta:rid
          && ent:owner.isnull()
          && not ctx:rid_config{"owner"}.isnull()
    haveItPlanned()
    always {
      ent:owner := ctx:rid_config{"owner"}
      ent:since := event:time
    }
  }

  rule plan {
    select when nomad:planned where isFromWithin()
    schedule:clear()
    always {
      schedule nomad event "weigh" repeat settings(){"every"}
    }
  }

  // --- deciding ---

  rule notice_where {
    select when nomad:weigh where not ent:owner.isnull()
    pre {
      here = engine:here()
    }
    if here{"did"} != ent:home then noop()
    fired {
      // Also without a word from the engine: its owner may have brought the pico back elsewhere.
      ent:since := event:time if not ent:home.isnull()
      ent:home := here{"did"}
      clear ent:scores
      clear ent:ahead
      clear ent:leaving
    }
  }

  rule give_up {
    select when nomad:weigh where isLate(event:time)
    always {
      ent:failed := backedOff(ent:leaving{"to"}, event:time, settings())
      clear ent:leaving
    }
  }

  rule weigh {
    select when nomad:weigh where not ent:owner.isnull()
    pre {
      s = settings()
      wishes = s{"wishes"}
      fitting = wishes == {} => null | engine:offers(wishes).map(function(one) { one{"did"} })
      table = decide(event:time, engine:here(), engine:offers(), fitting, s)
    }
    if table{"verdict"} == "go" then engine:migrate(table{"to"}, table{"reason"}, table{"price"})
    fired {
      ent:leaving := {
        "to": table{"to"},
        "name": table{"name"},
        "reason": table{"reason"},
        "at": event:time
      }
    } finally {
      ent:scores := table{"scores"}
      ent:ahead := table{"ahead"}
      ent:table := table.delete("scores").delete("ahead")
      ent:decisions := noted(table)
    }
  }

  // --- what becomes of it ---

  rule arrive {
    select when engine:arrived where isFromWithin()
    always {
      ent:journeys := latest(ent:journeys, {
        "at": time:now(),
        "from": event:attrs{"from"},
        "to": event:attrs{"to"},
        "reason": event:attrs{"reason"},
        "arrived": true
      })
      ent:home := event:attrs{"to"}
      ent:since := event:time
      ent:failed := ent:failed.defaultsTo({}).delete([event:attrs{"to"}])
      clear ent:scores
      clear ent:ahead
      clear ent:leaving
      raise nomad event "weigh"
    }
  }

  rule stay_after_all {
    select when engine:departed_failed where isFromWithin()
    pre {
      to = ent:leaving.isnull() => event:attrs{"to"} | ent:leaving{"to"}
    }
    always {
      ent:journeys := latest(ent:journeys, {
        "at": time:now(),
        "from": event:attrs{"from"},
        "to": to,
        "reason": event:attrs{"reason"},
        "arrived": false
      })
      ent:failed := backedOff(to, event:time, settings())
      ent:ahead := ent:ahead.defaultsTo({}).delete([to])
      clear ent:leaving
    }
  }

  // --- what its owner says ---

  rule configure {
    select when nomad:configure where isOwner()
    pre {
      wanted = event:attrs.delete("_headers")
      wrong = problems(wanted)
    }
    if wrong == [] then noop()
    fired {
      ent:settings := changed(wanted)
      // Scores of before were made with other weights.
      clear ent:scores
      clear ent:ahead
      raise nomad event "configured" attributes {"settings": settings()}
    } else {
      raise nomad event "refused" attributes {"problems": wrong}
    }
  }

  rule configured {
    select when nomad:configured where isOwner()
    every {
      schedule:clear()
      send_directive("configured", event:attrs)
    }
    always {
      schedule nomad event "weigh" repeat settings(){"every"}
    }
  }

  rule refused {
    select when nomad:refused where isOwner()
    send_directive("refused", event:attrs)
  }

  rule stay {
    select when nomad:stay where isOwner()
    always {
      ent:stays := true
    }
  }

  rule roam {
    select when nomad:roam where isOwner()
    always {
      clear ent:stays
    }
  }

  rule go {
    select when nomad:go where isOwner() && ent:leaving.isnull()
    pre {
      to = event:attrs{"to"}
      reason = event:attrs{"reason"}.defaultsTo("its owner wants it to")
    }
    engine:migrate(to, reason, event:attrs{"price"})
    always {
      ent:leaving := {"to": to, "name": to, "reason": reason, "at": event:time}
    }
  }
}

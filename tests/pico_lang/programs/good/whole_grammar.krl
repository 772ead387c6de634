// Every construct of the grammar at least once, the deprecated and the refused ones included.
ruleset io.picomesh.whole-grammar {
  version "0.9"

  meta {
    name "Whole grammar"
    description <<
      Text over lines, with a #{"beesting"} in it.
    >>
    author "Picomesh"
    version "1.0.0"
    logging on
    logging off
    key mail "secret"
    keys maps { "user": "me" }
    use module io.picomesh.plain
    use module io.picomesh.configured alias conf with size = 5 and colour = "red" flat = true
    errors to io.picomesh.errors
    configure using timeout = 5; retries = timeout * 2
    provides keys mail, maps to io.picomesh.friend, io.picomesh.other
    provides double, log_it
    provide triple
    shares double, greeting
    share keys
  }

  global {
    number = 12
    fraction = 12.5;
    small = .5
    text = "two lines
of \"text\" with a \\ and \n two characters";
    pattern = re#^a\#b[^\]]*\.c$#gi
    nothing = null
    yes = true
    no = false
    list = [1, "two", [3], ]
    none = []
    map = { "a": 1, "b": { "c": [2] }, }
    empty = {}
    greeting = <<Hello #{text.uc()}, \>> \#{ \\ and #{<<inner #{ {"a": "}"}{"a"} }>>}!>>
    double = function(n) { n * 2 }
    triple = function(n, factor = 3, offset = factor - 3,) {
      product = n * factor;
      return product + offset;
    }
    log_it = defaction(message, level = "info") {
      shown = message.as("String")
      if level != "none" then every {
        send_directive("log", { "message": shown, "level": level })
        noop();
      }
      return shown
    }
    quiet = defaction() { noop() }
    keys = function() { ent:things.keys() }
    sum = 1 + 2 - 3 * 4 / 5 % 6
    logic = yes && not no || number <= 12 && fraction > 1 || text like pattern
    compared = [1 == 1, 1 != 2, 1 < 2, 1 >= 2, "a" cmp "b", 1 <=> 2, list >< 1]
    chosen = number == 12 => "dozen" | number > 12 => "more" | "less"
    nested = (number => yes | no) => "first" | "second"
    signs = - -number + +fraction - (-small)
    reads = map{"b"}{["c", 0]} + list[2][0] + map.a + map.conf:member
    calls = double(n = 4) + triple(1, offset = 2,) + number.triple() + 5.conf:scaled(2) + (function() { 1 })()
  }

  rule plain {
    select when counter increment
    always {
      ent:count := ent:count.defaultsTo(0) + 1
    }
  }

  rule inactive_one is inactive {
    select when counter:reset
  }

  rule active_one is active {
    select where event:domain == "counter" && ent:watching
    fired { log info event:attrs } else { log debug "no" } finally { ent:seen := true }
  }

  rule everything {
    select when order placed id re#^(\d+)$# amount re#(.*)# setting(id, amount) where amount > 0 within 5 minutes
    foreach ent:orders{id}.defaultsTo([]) setting(order)
    foreach order setting(line, place)
    pre {
      price = line{"price"};
      total = price * line{"count"}
    }
    if total > 100 then choose kind_of(total) {
      cheap => send_directive("cheap");
      dear => conf:ask(id, total) setting(answer)
    }
    fired {
      ent:orders{[id, place]} := total if total > 0;
      ent:last := answer on final
      clear ent:pending{id}
      clear ent:draft
      label = "order " + id
      raise order event "priced" for meta:rid attributes { "id": id, "label": label } if label;
      raise event "order:logged" attributes event:attrs
      raise audit event label
      schedule order event "remind" at time:add(time:now(), { "hours": 1 }) attributes { "id": id } setting(timer)
      schedule event "order:tick" repeat "*/5 * * * *"
      log warn label
      error error "too dear" if total > 1000
      last
    }
  }

  rule actions {
    select when action single
    log_it("once") setting(result)
  }

  rule grouped {
    select when action every
    every {
      first => noop()
      conf:tell("a")
    }
    notfired { last if true } else { } finally { error info "done" }
  }

  rule sampled {
    select when action sample
    sample { noop() noop() }
  }

  rule called {
    select when action choose
    choose pick(1)(2) { a => noop() }
  }
}

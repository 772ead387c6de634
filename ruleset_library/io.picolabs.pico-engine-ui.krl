ruleset io.picolabs.pico-engine-ui {
  meta {
    name "User interface"
    description <<
      What a program that shows picos to people asks of each, and does with it. It goes where a pico's
      children go: each of them gets it, and knows the channel that people reach its parent by.
    >>
    use module io.picolabs.wrangler alias wrangler
    shares uiECI, box, pico, logs, testingECI, name
  }

  global {
    tagged = function(tags) { wrangler:channels(tags).head(){"id"} }

    // The channel by which people reach this pico. It is remembered: there may be thousands of others.
    uiECI = function() { ctx:channel(ent:ui) => ent:ui | tagged(["engine", "ui"]) }

    // The one that people chose for testing, so long as it is there, or the one that was made for it.
    testingECI = function() {
      isOwn(ent:testing) => ent:testing | tagged(["engine", "ui", "testing"])
    }

    isOwn = function(eci) { ctx:channels.any(function(channel) { channel{"id"} == eci }) }

    name = function() { wrangler:name() }

    // The same of its relatives, so far as they have said it. Nobody has to be asked.
    childrenUiEcis = function() {
      ctx:children.map(function(eci) { ent:children{eci} }).filter(function(eci) { eci })
    }

    relatives = function() {
      { "eci": uiECI(), "parent": ent:parent, "children": childrenUiEcis() }
    }

    // How it is drawn.
    box = function() {
      relatives().put({
        "name": name(),
        "backgroundColor": ent:backgroundColor.defaultsTo("#87cefa"),
        "x": ent:x.defaultsTo(100),
        "y": ent:y.defaultsTo(100),
        "width": ent:width.defaultsTo(100),
        "height": ent:height.defaultsTo(100)
      })
    }

    pico = function() {
      relatives().put({ "channels": ctx:channels, "rulesets": ctx:rulesets })
    }

    // What happened, the newest first: each event with the lines that were written about it.
    logs = function() { ctx:logs().map(episode).reverse() }

    episode = function(one) {
      {
        "txnId": one{"eid"},
        "time": one{"time"},
        "header": <<EVENT #{one{"eci"}} #{one{"domain"}}:#{one{"name"}}>>,
        "entries": one{"lines"}.map(entry)
      }
    }

    entry = function(line) {
      where = line{"rule"} => <<#{line{"rid"}}/#{line{"rule"}} >> | ""
      value = line{"value"}.isnull() => "" | " " + plain(line{"value"})
      <<[#{line{"level"}.uc()}] #{where}#{plain(line{"message"})}#{value}>>
    }

    plain = function(value) { value.typeof() == "String" => value | value.encode() }

    // --- helping the rules ---

    anyEvent = { "allow": [{ "domain": "*", "name": "*" }], "deny": [] }
    anyQuery = { "allow": [{ "rid": "*", "name": "*" }], "deny": [] }

    // A number from a form is text; what is no number changes nothing.
    numberOr = function(given, was) { given.isnull() => was | given.as("Number").defaultsTo(was) }

    isInstalled = function(rids) { rids >< ctx:rid }

    // Only a child itself has the channel that it speaks for itself by.
    isFromChild = function(eci, channel) {
      wrangler:children().any(function(one) { one{"eci"} == eci && one{"parent_eci"} == channel })
    }

    inviteChild = defaction(eci, attrs) {
      event:send({
        "eci": eci,
        "domain": "wrangler",
        "type": "install_ruleset_request",
        "attrs": attrs.put({ "url": ctx:rid_url, "config": {}, "parentUiEci": uiECI() })
      })
    }
  }

  // --- being there ---

  // What is there is left as it is: programs of the engine's owner use the channel too.
  rule setup {
    select when engine_ui setup or wrangler ruleset_installed where isInstalled(event:attrs{"rids"})
    if uiECI().isnull() then
      wrangler:createChannel(["engine", "ui"], anyEvent, anyQuery)
  }

  rule introduce {
    select when wrangler ruleset_installed where isInstalled(event:attrs{"rids"})
    if ctx:parent then
      event:send({
        "eci": ctx:parent,
        "domain": "engine_ui",
        "type": "child_introduced",
        "attrs": { "eci": wrangler:myself(){"eci"}, "uiEci": uiECI() }
      })
    always {
      ent:parent := event:attrs{"parentUiEci"} || ent:parent
      ent:backgroundColor := event:attrs{"backgroundColor"} || ent:backgroundColor
    }
  }

  rule invite_children {
    select when wrangler ruleset_installed where isInstalled(event:attrs{"rids"})
    foreach ctx:children setting(eci)
    inviteChild(eci, {})
  }

  // In a child that Wrangler has made: it has this ruleset from the beginning.
  rule begin_life {
    select when wrangler pico_initialized
    fired {
      ent:ui := event:attrs{"uiEci"}
      ent:parent := event:attrs{"parentUiEci"}
      ent:backgroundColor := event:attrs{"backgroundColor"}
    }
  }

  // At once, for people who look right after having made it; again when it can be talked to, in case the
  // Wrangler that made it was one of before.
  rule welcome_newborn {
    select when wrangler child_made or wrangler new_child_created where event:attrs{"parentUiEci"}
    fired {
      ent:children{event:attrs{"eci"}} := event:attrs{"uiEci"}
    }
  }

  // A Wrangler of before does not give it to them.
  rule invite_newborn {
    select when wrangler new_child_created where event:attrs{"parentUiEci"}.isnull()
    inviteChild(event:attrs{"eci"}, { "backgroundColor": event:attrs{"backgroundColor"} })
  }

  rule child_introduced {
    select when engine_ui child_introduced where isFromChild(event:attrs{"eci"}, event:eci)
    fired {
      ent:children{event:attrs{"eci"}} := event:attrs{"uiEci"}
    }
  }

  rule child_deleted {
    select when wrangler child_deleted
    fired {
      clear ent:children{event:attrs{"eci"}}
    }
  }

  // --- how it is drawn ---

  rule box {
    select when engine_ui box
    fired {
      ent:x := numberOr(event:attrs{"x"}, ent:x)
      ent:y := numberOr(event:attrs{"y"}, ent:y)
      ent:width := numberOr(event:attrs{"width"}, ent:width)
      ent:height := numberOr(event:attrs{"height"}, ent:height)
      ent:backgroundColor := event:attrs{"backgroundColor"} || ent:backgroundColor
      raise wrangler event "name_changed" attributes { "name": event:attrs{"name"} } if event:attrs{"name"}
    }
  }

  // --- children, known to people by the channels that people use ---

  rule new {
    select when engine_ui new
    fired {
      raise wrangler event "new_child_request" attributes {
        "name": event:attrs{"name"} || name(),
        "backgroundColor": event:attrs{"backgroundColor"} || ent:backgroundColor
      }
    }
  }

  rule del {
    select when engine_ui del
    pre {
      uiEci = event:attrs{"eci"}
      child = ctx:children.filter(function(eci) { ent:children{eci} == uiEci }).head()
    }
    if uiEci && child then noop()
    fired {
      raise wrangler event "child_deletion_request" attributes { "eci": child }
    } else {
      error warn "no child of this pico is known by that channel"
    }
  }

  // --- rulesets ---

  rule install {
    select when engine_ui install
    fired {
      raise wrangler event "install_ruleset_request" attributes event:attrs.delete("_headers")
    }
  }

  rule uninstall {
    select when engine_ui uninstall
    fired {
      raise wrangler event "uninstall_ruleset_request" attributes event:attrs.delete("_headers")
    }
  }

  rule flush {
    select when engine_ui flush
    ctx:flush(event:attrs{"url"})
  }

  // --- channels ---

  rule new_channel {
    select when engine_ui new_channel
    wrangler:createChannel(event:attrs{"tags"}, event:attrs{"eventPolicy"}, event:attrs{"queryPolicy"})
  }

  rule del_channel {
    select when engine_ui del_channel
    wrangler:deleteChannel(event:attrs{"eci"})
  }

  rule choose_testing_eci {
    select when engine_ui testing_eci where event:attrs{"eci"}
    if isOwn(event:attrs{"eci"}) then noop()
    fired {
      ent:testing := event:attrs{"eci"}
    } else {
      error warn "this pico has no channel of that name to be tested by"
    }
  }

  rule make_testing_eci {
    select when engine_ui testing_eci where event:attrs{"eci"}.isnull()
    ctx:upsertChannel(["engine", "ui", "testing"], anyEvent, anyQuery)
    fired {
      clear ent:testing
    }
  }
}

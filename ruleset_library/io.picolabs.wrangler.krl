ruleset io.picolabs.wrangler {
  meta {
    name "Wrangler"
    description <<
      Looks after the pico it is installed on: its rulesets, its channels and its children.
      The engine installs it on the root pico; every child made by it gets it too, and with it the other
      rulesets that a pico is expected to have.
    >>
    provides skyQuery, picoQuery, channels, rulesetConfig, rulesetMeta, installedRIDs, children, parent_eci,
      name, myself, id, createChannel, deleteChannel
    shares skyQuery, picoQuery, channels, rulesetConfig, rulesetMeta, installedRIDs, children, parent_eci,
      name, myself, id
  }

  global {
    // A list may come as an array or, from a query string, as text with commas.
    listOf = function(list) {
      list.isnull()               => []
        | list.typeof() == "Array" => list
        | list.split(re#,#).map(function(one) { one.trim() })
    }

    hasSame = function(tags, wanted) {
      tags.difference(wanted).isEmpty() && wanted.difference(tags).isEmpty()
    }

    ruleset_of = function(rid) {
      ctx:rulesets.filter(function(one) { one{"rid"} == rid }).head()
    }

    // All channels, or those that have exactly the given tags.
    channels = function(tags) {
      wanted = listOf(tags).map(function(tag) { tag.lc() })
      tags.isnull() => ctx:channels
        | ctx:channels.filter(function(channel) { channel{"tags"}.hasSame(wanted) })
    }

    // What is known of a child came with its events, so that nobody has to be asked.
    children = function() {
      ctx:children.map(function(eci) {
        { "eci": eci, "name": ent:children{[eci, "name"]}, "parent_eci": ent:children{[eci, "parent_eci"]} }
      })
    }

    installedRIDs = function() {
      ctx:rulesets.map(function(one) { one{"rid"} })
    }

    rulesetConfig = function(rid) { ruleset_of(rid){"config"} }

    // What its meta block says; all else that is known of a ruleset is in ctx:rulesets.
    rulesetMeta = function(rid) { ruleset_of(rid){["meta", "krlMeta"]} }

    parent_eci = function() { ctx:parent }

    name = function() { ent:name.defaultsTo("Pico") }

    id = function() { ctx:picoId }

    // By what its parent reaches this pico. The root has no parent; what it has to itself carries its id.
    own_eci = function() {
      family = ctx:channels.filter(function(channel) { channel{"tags"}.hasSame(["system", "child"]) })
      family.isEmpty() => id() | family.head(){"id"}
    }

    myself = function() {
      { "name": name(), "id": id(), "eci": own_eci() }
    }

    // --- asking other picos ---

    failure = function(status, reason) {
      { "status_code": status, "error": reason }
    }

    isOwn = function(eci) {
      ctx:channels.any(function(channel) { channel{"id"} == eci })
    }

    // A query by name, of a pico wherever it is: of this engine unless a host is named. Of the pico itself
    // it would wait for ever.
    picoQuery = function(eci, mod, func, params, _host, _path, _root_url) {
      root = _root_url || (_host => _host + (_path || "/sky/cloud/") | null)
      isOwn(eci)  => failure(400, "a pico cannot query itself; call the function")
        | root    => fetched(root + eci + "/" + mod + "/" + func, params.defaultsTo({}))
        | ctx:query(eci, mod, func, params.defaultsTo({}))
    }

    // Deprecated: the name by which old rulesets know it.
    skyQuery = function(eci, mod, func, params, _host, _path, _root_url) {
      picoQuery(eci, mod, func, params, _host, _path, _root_url)
    }

    fetched = function(url, params) {
      response = http:get(url, params, parseJSON = true)
      response{"status_code"} == 200 => response{"content"}
        | failure(response{"status_code"}, response{"content"})
    }

    // --- actions ---

    createChannel = defaction(tags, eventPolicy, queryPolicy) {
      ctx:newChannel(listOf(tags), eventPolicy, queryPolicy) setting(channel)
      return channel
    }

    // The channel for people that a pico was born with. A parent of before gives it none.
    channelForPeople = defaction(eci) {
      if ctx:channel(eci).isnull() then
        ctx:newChannel(forPeople{"tags"}, anyEvent, anyQuery) setting(channel)
      return channel => channel{"id"} | eci
    }

    deleteChannel = defaction(eci) {
      ctx:delChannel(eci)
    }

    // --- helping the rules ---

    // What a child is born with lies where this ruleset comes from, or else comes with the engine.
    screen = "io.picolabs.pico-engine-ui"
    equipment = ["io.picolabs.pds", "io.picolabs.subscription"]

    wishes = function() {
      place = ctx:rid_url.extract(re#^(.*)io[.]picolabs[.]wrangler([.]krl)?$#)
      beside = function(rid) {
        place.isEmpty() => "library:" + rid | place[0] + rid + place[1].defaultsTo("")
      }
      return [{ "url": ctx:rid_url, "config": {} }].append([screen].append(equipment).map(function(rid) {
        { "url": beside(rid), "config": {} }
      }))
    }

    // The channel for people. It is remembered, since a pico with ten thousand children has as many channels.
    uiEci = function() {
      ctx:channel(ent:uiEci) => ent:uiEci | channels(["engine", "ui"]).head(){"id"}
    }

    // By what its parent and people reach a child that was just made.
    namesOf = function(child) {
      { "eci": child{"eci"}, "uiEci": child{["channels", 0, "id"]} }
    }

    anyEvent = { "allow": [{ "domain": "*", "name": "*" }], "deny": [] }
    anyQuery = { "allow": [{ "rid": "*", "name": "*" }], "deny": [] }
    forPeople = { "tags": ["engine", "ui"], "eventPolicy": anyEvent, "queryPolicy": anyQuery }
  }

  // --- rulesets ---

  rule install_ruleset {
    select when wrangler install_ruleset_request
    pre {
      rid = event:attrs{"rid"}
      sibling = event:attrs{"absoluteURL"} => event:attrs{"absoluteURL"}.replace(re#[^/]*$#, rid + ".krl") | null
      url = event:attrs{"url"} || sibling
      config = event:attrs{"config"}.defaultsTo({})
    }
    ctx:install(url, config) setting(installed)
    fired {
      raise wrangler event "ruleset_installed" attributes event:attrs.put("rids", [installed])
    }
  }

  rule uninstall_ruleset {
    select when wrangler uninstall_ruleset_request
    // Nobody could install anything on this pico any more, not even Wrangler.
    if event:attrs{"rid"} != ctx:rid then
      ctx:uninstall(event:attrs{"rid"})
    fired {
      raise wrangler event "ruleset_uninstalled" attributes event:attrs
    } else {
      error warn "Wrangler stays: without it no ruleset could be installed on this pico any more"
    }
  }

  rule flush_rulesets {
    select when wrangler rulesets_need_flushing
    foreach ctx:rulesets.map(function(one) { one{"url"} }) setting(url)
    ctx:flush(url)
    fired {
      raise wrangler event "rulesets_flushed" attributes event:attrs.put("rids", installedRIDs()) on final
    }
  }

  // --- channels ---

  rule new_channel {
    select when wrangler new_channel_request
    pre {
      tags = event:attrs{"tags"}
      eventPolicy = event:attrs{"eventPolicy"}
      queryPolicy = event:attrs{"queryPolicy"}
    }
    if tags && eventPolicy && queryPolicy then
      createChannel(tags, eventPolicy, queryPolicy) setting(channel)
    fired {
      raise wrangler event "channel_created" attributes event:attrs.put("channel", channel)
    } else {
      error warn "a new_channel_request needs tags, eventPolicy and queryPolicy"
    }
  }

  rule delete_channel {
    select when wrangler channel_deletion_request
    deleteChannel(event:attrs{"eci"})
    fired {
      raise wrangler event "channel_deleted" attributes event:attrs
    }
  }

  // --- children ---

  rule new_child {
    select when wrangler new_child_request
    pre {
      name = event:attrs{"name"}
      parentUiEci = uiEci()
    }
    if name then every {
      ctx:newPico(wishes(), channels = [forPeople]) setting(child)
      event:send({
        "eci": child{"eci"},
        "domain": "wrangler",
        "type": "pico_created",
        "attrs": event:attrs.delete("_headers").put(namesOf(child)).put("parentUiEci", parentUiEci)
      })
    }
    fired {
      ent:children{child{"eci"}} := { "name": name }
      ent:uiEci := parentUiEci if parentUiEci != ent:uiEci
      raise wrangler event "child_made" attributes { "name": name }.put(namesOf(child))
    } else {
      error warn "a new_child_request needs a name"
    }
  }

  // In the child: the first event of its life, from its parent. It was made with all its rulesets, which
  // now learn that they are there.
  rule begin_life {
    select when wrangler pico_created where ctx:parent && ent:name.isnull()
    every {
      channelForPeople(event:attrs{"uiEci"}) setting(uiEci)
      event:send({
        "eci": ctx:parent,
        "domain": "wrangler",
        "type": "child_initialized",
        "attrs": event:attrs.put("uiEci", uiEci)
      })
    }
    fired {
      ent:name := event:attrs{"name"}
      ent:uiEci := uiEci
      raise wrangler event "pico_initialized" attributes event:attrs.put("uiEci", uiEci)
      raise wrangler event "ruleset_installed" attributes { "rids": installedRIDs().intersection(equipment) }
    }
  }

  // In the parent: the child can be talked to. It is known by the channel that only it can use.
  rule child_initialized {
    select when wrangler child_initialized
      where ent:children{event:attrs{"eci"}} && ent:children{[event:attrs{"eci"}, "parent_eci"]}.isnull()
    fired {
      ent:children{[event:attrs{"eci"}, "parent_eci"]} := event:eci
      raise wrangler event "new_child_created" attributes event:attrs
    }
  }

  rule delete_child {
    select when wrangler child_deletion_request
    pre {
      eci = event:attrs{"eci"}
    }
    ctx:delPico(eci)
    fired {
      clear ent:children{eci}
      raise wrangler event "child_deleted" attributes event:attrs
    }
  }

  // A child cannot end its own life; its parent can.
  rule ready_for_deletion {
    select when wrangler ready_for_deletion
    if ctx:parent then
      event:send({
        "eci": ctx:parent,
        "domain": "wrangler",
        "type": "child_deletion_request",
        "attrs": event:attrs.delete("_headers").put("eci", own_eci())
      })
    notfired {
      error warn "this pico has no parent that could delete it"
    }
  }

  // --- names ---

  rule name_changed {
    select when wrangler name_changed where event:attrs{"name"}
    if ctx:parent then
      event:send({
        "eci": ctx:parent,
        "domain": "wrangler",
        "type": "child_name_changed",
        "attrs": { "eci": own_eci(), "name": event:attrs{"name"} }
      })
    always {
      ent:name := event:attrs{"name"}
    }
  }

  rule child_name_changed {
    select when wrangler child_name_changed
      where ent:children{[event:attrs{"eci"}, "parent_eci"]} == event:eci
    fired {
      ent:children{[event:attrs{"eci"}, "name"]} := event:attrs{"name"}
    }
  }

  // --- the engine ---

  rule pass_on_online {
    select when system online
    foreach ctx:children setting(eci)
    event:send({
      "eci": eci,
      "domain": "system",
      "type": "online",
      "attrs": event:attrs.delete("_headers")
    })
  }
}

ruleset io.picolabs.wrangler {
  meta {
    name "Wrangler"
    description <<
      Looks after the pico it is installed on: its rulesets, its channels and its children.
      The engine installs it on the root pico; every child made by it gets it too.
    >>
    provides children, channels, rulesetConfig, rulesetMeta, installedRIDs, name, id, myself, parent_eci,
      createChannel, deleteChannel
    shares children, channels, rulesetConfig, rulesetMeta, installedRIDs, name, id, myself, parent_eci
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

    children = function() {
      ctx:children.map(function(eci) {
        { "eci": eci, "name": ent:child_names{eci}, "parent_eci": id() }
      })
    }

    installedRIDs = function() {
      ctx:rulesets.map(function(one) { one{"rid"} })
    }

    rulesetConfig = function(rid) { ruleset_of(rid){"config"} }

    rulesetMeta = function(rid) { ruleset_of(rid){"meta"} }

    parent_eci = function() { ctx:parent }

    name = function() { ent:name.defaultsTo("Pico") }

    id = function() { ctx:picoId }

    // The channel a pico has to itself carries the pico's own id.
    myself = function() {
      { "name": name(), "id": id(), "eci": id() }
    }

    createChannel = defaction(tags, eventPolicy, queryPolicy) {
      ctx:newChannel(listOf(tags), eventPolicy, queryPolicy) setting(channel)
      return channel
    }

    deleteChannel = defaction(eci) {
      ctx:delChannel(eci)
    }

    anyEvent = { "allow": [{ "domain": "*", "name": "*" }], "deny": [] }
    anyQuery = { "allow": [{ "rid": "*", "name": "*" }], "deny": [] }
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
    ctx:uninstall(event:attrs{"rid"})
    fired {
      raise wrangler event "ruleset_uninstalled" attributes event:attrs
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
    }
    if name then every {
      ctx:newPico([{ "url": ctx:rid_url, "config": {} }]) setting(eci)
      event:send({
        "eci": eci,
        "domain": "wrangler",
        "type": "pico_created",
        "attrs": event:attrs.delete("_headers").put("eci", eci)
      })
    }
    fired {
      ent:child_names{eci} := name
      raise wrangler event "new_child_created" attributes event:attrs.put("eci", eci)
    } else {
      error warn "a new_child_request needs a name"
    }
  }

  // In the child: the first event of its life, from its parent.
  rule begin_life {
    select when wrangler pico_created where ent:name.isnull()
    pre {
      name = event:attrs{"name"}
    }
    every {
      createChannel(["engine", "ui"], anyEvent, anyQuery) setting(channel)
      event:send({
        "eci": ctx:parent,
        "domain": "wrangler",
        "type": "child_initialized",
        "attrs": event:attrs.put("uiEci", channel{"id"})
      })
    }
    fired {
      ent:name := name
      raise wrangler event "pico_initialized" attributes event:attrs
    }
  }

  rule delete_child {
    select when wrangler child_deletion_request
    pre {
      eci = event:attrs{"eci"}
    }
    ctx:delPico(eci)
    fired {
      clear ent:child_names{eci}
      raise wrangler event "child_deleted" attributes event:attrs
    }
  }
}

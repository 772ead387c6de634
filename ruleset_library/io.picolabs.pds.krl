ruleset io.picolabs.pds {
  meta {
    name "Pico data services"
    description <<
      Keeps data for the other rulesets of a pico: items in namespaces, the profile of the pico, and
      settings of rulesets.
    >>
    use module io.picolabs.wrangler alias wrangler
    provides items, get_keys, profile, settings, settings_names, get_setting_data_value, get_config_value,
      config_value, getChannelEci
    shares items, get_keys, profile, settings, settings_names, get_setting_data_value, get_config_value,
      config_value, getChannelEci
  }

  global {
    // --- what is kept: ent:general by namespace and key, ent:profile, ent:settings by ruleset ---

    // One item, a namespace, or without a namespace everything, which has always been called a failure.
    items = function(namespace, key) {
      found = namespace.isnull() => ent:general
        | key.isnull()           => ent:general{namespace}
        | ent:general{[namespace, key]}
      return { "status": namespace.isnull() => "failed" | "success", "general": found }
    }

    get_keys = function(namespace) { ent:general{namespace}.keys() }

    profile = function(key) {
      { "status": "success", "profile": key.isnull() => ent:profile | ent:profile{key} }
    }

    // All settings, those of a ruleset, one part of them ("name", "rid", "schema", "data"), or one value.
    settings = function(Rid, Key, detail) {
      found = Rid.isnull()  => ent:settings
        | Key.isnull()      => ent:settings{Rid}
        | detail.isnull()   => ent:settings{[Rid, Key]}
        | get_setting_data_value(Rid, detail)
      return { "status": "success", "settings": found }
    }

    settings_names = function() {
      ent:settings.keys().map(function(rid) {
        { "setRID": rid, "setName": ent:settings{[rid, "name"]} }
      })
    }

    get_setting_data_value = function(rid, key) { ent:settings{[rid, "data", key]} }

    // A module cannot know who calls it, so a ruleset that asks for a setting of its own says its name.
    get_config_value = function(key, rid) { get_setting_data_value(rid, key) }

    config_value = function(key, rid) { get_setting_data_value(rid, key) }

    getChannelEci = function() { ent:channel }

    // --- helping the rules ---

    ownEvents = { "allow": [{ "domain": "pds", "name": "*" }], "deny": [] }
    ownQueries = { "allow": [{ "rid": "io.picolabs.pds", "name": "*" }], "deny": [] }

    emptyProfile = { "name": "", "description": "", "photo": "" }

    // What is new replaces what was; a null leaves it as it is. Changes are dated.
    renewedProfile = function(attrs) {
      now = time:now()
      was = ent:profile.defaultsTo(emptyProfile)
      news = attrs.filter(function(value) { not value.isnull() })
      was.put(news).put({ "_created": was{"_created"}.defaultsTo(now), "_modified": now })
    }
  }

  // --- items ---

  rule keep_item {
    select when pds new_data_available
    pre {
      namespace = event:attrs{"namespace"}
      key = event:attrs{"key"}
    }
    if namespace && key then noop()
    fired {
      ent:general{[namespace, key]} := event:attrs{"value"}
      raise pds event "data_added" attributes { "namespace": namespace, "keyvalue": key }
    } else {
      error warn "new_data_available needs a namespace and a key"
    }
  }

  // Puts a map into an item: what it does not mention stays.
  rule update_item {
    select when pds updated_data_available
    pre {
      namespace = event:attrs{"namespace"}
      key = event:attrs{"key"}
      value = event:attrs{"value"}
      was = ent:general{[namespace, key]}
      base = was.typeof() == "Map" => was | {}
    }
    if namespace && key && value.typeof() == "Map" then noop()
    fired {
      ent:general{[namespace, key]} := base.put(value)
      raise pds event "data_updated" attributes { "namespace": namespace, "keyvalue": key }
    } else {
      error warn "updated_data_available needs a namespace, a key and a map as its value"
    }
  }

  rule remove_item {
    select when pds remove_old_data
    pre {
      namespace = event:attrs{"namespace"}
      key = event:attrs{"key"}
    }
    if namespace && key then noop()
    fired {
      clear ent:general{[namespace, key]}
      raise pds event "data_deleted" attributes { "namespace": namespace, "keyvalue": key }
    } else {
      error warn "remove_old_data needs a namespace and a key"
    }
  }

  rule remove_namespace {
    select when pds remove_namespace
    pre {
      namespace = event:attrs{"namespace"}
    }
    if namespace then noop()
    fired {
      clear ent:general{namespace}
      raise pds event "namespace_deleted" attributes { "namespace": namespace }
    } else {
      error warn "remove_namespace needs a namespace"
    }
  }

  // Replaces a whole namespace. The map may come as text, as it does from a form.
  rule map_item {
    select when pds map_item
    pre {
      namespace = event:attrs{"namespace"}
      values = event:attrs{"mapvalues"}.decode()
    }
    if namespace && values.typeof() == "Map" then noop()
    fired {
      ent:general{namespace} := values
      raise pds event "new_map_added" attributes { "namespace": namespace, "mapvalues": values }
    } else {
      error warn "map_item needs a namespace and a map as its mapvalues"
    }
  }

  // --- the profile ---

  rule update_profile {
    select when pds updated_profile
    pre {
      attrs = event:attrs.delete("_headers")
    }
    if not attrs.isEmpty() then noop()
    fired {
      ent:profile := renewedProfile(attrs)
      raise pds event "profile_updated" attributes attrs.put("_status", "success")
    } else {
      raise pds event "profile_updated" attributes { "_status": "failure" }
    }
  }

  // --- settings ---

  rule add_settings {
    select when pds add_settings
    pre {
      rid = event:attrs{"keyed_rid"}
      schema = event:attrs{"schema"}
      key = event:attrs{"data_key"}
    }
    if rid then noop()
    fired {
      ent:settings{[rid, "rid"]} := rid
      ent:settings{[rid, "name"]} := event:attrs{"name"} if event:attrs{"name"}
      ent:settings{[rid, "schema"]} := schema if schema
      ent:settings{[rid, "data", key]} := event:attrs{"value"} if key
      raise pds event "settings_added" attributes event:attrs.delete("_headers")
    } else {
      error warn "add_settings needs a keyed_rid"
    }
  }

  // --- from the beginning to the end ---

  // Others reach this ruleset, and nothing else, through a channel of its own.
  rule open_channel {
    select when wrangler ruleset_installed where event:attrs{"rids"} >< ctx:rid && ent:channel.isnull()
    wrangler:createChannel(["pds"], ownEvents, ownQueries) setting(channel)
    fired {
      ent:channel := channel{"id"}
    }
  }

  rule name_profile {
    select when wrangler ruleset_installed where event:attrs{"rids"} >< ctx:rid && not ent:profile{"name"}
    fired {
      raise pds event "updated_profile" attributes { "name": wrangler:name() }
    }
  }

  rule clear_all_data {
    select when pds clear_all_data
    fired {
      clear ent:general
      clear ent:profile
      clear ent:settings
    }
  }
}

ruleset io.picolabs.subscription {
  meta {
    name "Subscriptions"
    description <<
      Relationships between picos: each side has a channel of its own for the other, and a role. One asks,
      the other agrees, and either may end it. When a pico is deleted the others learn of it.
    >>
    provides established, outbound, inbound, wellKnown_Rx, autoAcceptConfig
    shares established, outbound, inbound, wellKnown_Rx, autoAcceptConfig
  }

  global {
    // --- what is kept, each by Id: ent:established, ent:outbound, ent:inbound, the buses of each phase;
    //     ent:others, the picos on the other side so far as the engine knew them; ent:accepting, what is
    //     accepted without asking anybody, by name ---

    established = function(key, value) { busesWith(ent:established, key, value) }

    outbound = function(key, value) { busesWith(ent:outbound, key, value) }

    inbound = function(key, value) { busesWith(ent:inbound, key, value) }

    busesWith = function(buses, key, value) {
      found = buses.values().defaultsTo([])
      key && value => found.filter(function(bus) { bus{key} == value }) | found
    }

    // The channel by which picos are introduced to this one. Not just any with these tags: a name in a
    // request becomes a tag.
    wellKnown_Rx = function() { ctx:channel(ent:wellKnown) }

    // Passwords are for those who change a configuration, not for those who read it.
    autoAcceptConfig = function() {
      ent:accepting.defaultsTo({}).map(function(config) { config.delete("password") })
    }

    // --- who may come in where ---

    events = function(domain, names) {
      names.map(function(name) { { "domain": domain, "name": name } })
    }

    queries = function(rid, names) {
      names.map(function(name) { { "rid": rid, "name": name } })
    }

    wellKnownEvents = {
      "allow": events("wrangler", ["subscription", "new_subscription_request", "inbound_removal"]),
      "deny": []
    }
    wellKnownQueries = { "allow": queries(ctx:rid, ["wellKnown_Rx"]), "deny": [] }

    // What the other side has to say about the relationship itself.
    handshake = events("wrangler", [
      "outbound_pending_subscription_approved", "outbound_removal", "established_removal", "subscription_check"
    ])

    // What the rulesets of this pico tell each other has happened. They believe it, so it must not come
    // from outside.
    facts = [
      "rulesets_flushed", "channel_created", "channel_deleted", "child_made", "child_initialized",
      "new_child_created", "child_deleted", "child_name_changed", "wellKnown_Rx_created",
      "outbound_pending_subscription_added", "wellKnown_Tx_format_failure",
      "inbound_pending_subscription_added", "no_Tx_failure", "inbound_pending_subscription_approved",
      "auto_accepted_subscription_request", "subscription_added", "subscription_removed",
      "inbound_subscription_cancelled", "outbound_subscription_cancelled", "failed_to_send_event_to_sub",
      "auto_accept_config_updated", "autoAcceptConfigUpdate_failure", "subscriptions_checked"
    ]

    // The other side is somebody to work with, not somebody to whom this pico belongs: what would make,
    // change or end anything of it but the relationship stays outside.
    busEvents = {
      "allow": [{ "domain": "*", "name": "*" }],
      "deny": events("wrangler", [
        "install_ruleset_request", "uninstall_ruleset_request", "rulesets_need_flushing", "ruleset_installed",
        "ruleset_uninstalled", "new_channel_request", "channel_deletion_request", "new_child_request",
        "pico_created", "pico_initialized", "child_deletion_request", "ready_for_deletion", "name_changed",
        "subscription", "new_subscription_request", "inbound_removal", "pending_subscription_approval",
        "subscription_cancellation", "inbound_rejection", "outbound_cancellation", "cancel_subscriptions",
        "send_event_on_subs", "autoAcceptConfigUpdate", "intent_to_delete", "check_subscriptions",
        "check_subscriptions_repeatedly", "need_wellKnown_Rx"
      ].append(facts)).append(events("engine_ui", ["*"])).append(events("system", ["*"])).append(events("engine", ["*"]))
    }
    busQueries = {
      "allow": [{ "rid": "*", "name": "*" }],
      "deny": queries("io.picolabs.wrangler", ["channels", "rulesetConfig", "picoQuery", "skyQuery"])
        .append(queries("io.picolabs.pico-engine-ui", ["uiECI", "testingECI", "box", "pico", "logs"]))
        .append(queries(ctx:rid, ["established", "outbound", "inbound", "autoAcceptConfig"]))
    }

    // An application's own policy, with which the relationship can still be agreed on and ended.
    eventPolicy = function(given) {
      given.isnull() => busEvents | given.put("allow", handshake.append(given{"allow"}))
    }

    queryPolicy = function(given) { given.isnull() => busQueries | given }

    // --- reading events ---

    told = function() { event:attrs.delete("_headers") }

    // A request must not bring a policy for a channel of the other side, nor one that is approved unseen.
    passedOn = function(attrs) {
      ["eventPolicy", "queryPolicy", "_headers"].reduce(function(rest, name) { rest.delete(name) }, attrs)
    }

    // Of the other attributes those that say something; null is what a role is that nobody has.
    given = function(attrs, names) {
      attrs.filter(function(value, name) { names >< name && not value.isnull() })
    }

    isText = function(value) { value.typeof() == "String" && value != "" }

    // A relationship ends by closing its channel, and a DID goes with its channel: nobody could be told any
    // more. Those who know each other by DID have the module didcomm for it.
    isEci = function(value) { isText(value) && not value.match(re#^\s*did:#) }

    // What a stranger chose becomes a tag, so it must not make a channel look like one of the pico's own.
    OWN_TAGS = [
      "engine", "ui", "testing", "system", "self", "parent", "child", "pds", "wellknown_rx", "did", ""
    ]

    tag = function(wish, other) {
      plain = isText(wish) => wish.replace(re#[^A-Za-z0-9_-]#g, "").lc() | ""
      OWN_TAGS >< plain => other | wish
    }

    isKnown = function(Id) { ent:established >< Id || ent:inbound >< Id || ent:outbound >< Id }

    heldAs = function(Id) { ent:established{[Id]} || ent:inbound{[Id]} || ent:outbound{[Id]} }

    // The bus that an event is about: by its Id, or the channel of either side, or the one it came by.
    busOf = function(buses, attrs) {
      key = isText(attrs{"Id"}) => "Id" | isText(attrs{"Rx"}) => "Rx" | isText(attrs{"Tx"}) => "Tx" | null
      key == "Id"       => (buses >< attrs{"Id"} => buses{[attrs{"Id"}]} | null)
        | key.isnull()  => busesWith(buses, "Rx", event:eci).head()
        | busesWith(buses, key, attrs{key}).head()
    }

    // Whether the other side of a relationship has said it: over the channel that was made for it, and when
    // the engine knows who it is, itself. An Id is no secret.
    isFromOther = function(bus) {
      event:eci == bus{"Rx"} && isOther(bus{"Id"})
    }

    isOther = function(Id) { not (ent:others >< Id) || ent:others{[Id]} == event:sender }

    // Whether a message is about this bus, in the words of the other side: an Id and both channels.
    isSaidOf = function(bus, attrs) { bus{"Id"} == attrs{"Id"} && bus{"Tx"} == attrs{"Tx"} }

    // Another engine, if that is where the other side lives.
    hostOf = function(host) { host == meta:host => null | host }

    // --- what is accepted without asking anybody ---

    listOf = function(value) {
      value.isnull() => [] | value.typeof() == "Array" => value | [value]
    }

    isWelcome = function(attrs) {
      ent:accepting.defaultsTo({}).values().any(function(config) { isMatch(config{"entries"}, attrs) })
    }

    isMatch = function(entries, attrs) {
      entries.typeof() == "Map" && entries.keys().any(function(name) {
        isText(attrs{name}) && listOf(entries{[name]}).any(function(pattern) {
          isText(pattern) && attrs{name}.match(pattern.as("RegExp"))
        })
      })
    }

    // Not to be read back by whoever sees the state of the pico, though a short one could be guessed.
    sealed = function(name, password) {
      password.isnull() || password == "" => null
        | math:hash("sha256", [ctx:picoId, name, password].encode(), "hex")
    }

    // --- beginning and ending ---

    newBus = function(attrs, Id) {
      host = hostOf(attrs{"Tx_host"})
      bus = given(attrs, ["Rx_role", "Tx_role"]).put("Id", Id)
      host => bus.put("Tx_host", host) | bus
    }

    // A request as the other side sees it: what is ours is theirs, and the other way round. Where this
    // engine is reached from another one no pico knows; so whoever asks has to say it.
    seenFromThere = function(request, Rx) {
      request.put({
        "Rx_role": request{"Tx_role"},
        "Tx_role": request{"Rx_role"},
        "Rx": null,
        "Tx": Rx,
        "Rx_host": null,
        "Tx_host": request{"Tx_host"} => request{"Rx_host"} | null
      })
    }

    // What the other side hears when this pico, or this ruleset, is no more. Other engines hear nothing.
    leaveWord = defaction(bus, to, type, attrs) {
      if bus{"Tx_host"}.isnull() then
        ctx:setWill(bus{"Id"}, to, "wrangler", type, attrs.put("reason", "the other side is gone"))
    }

    // Whoever approves may say what comes in.
    limit = defaction(bus, attrs) {
      held = ctx:channel(bus{"Rx"})
      if attrs{"eventPolicy"} || attrs{"queryPolicy"} then
        ctx:putChannel(bus{"Rx"}, held{"tags"}, eventPolicy(attrs{"eventPolicy"}), queryPolicy(attrs{"queryPolicy"}))
    }

    tellOther = defaction(bus, type, attrs, domain = "wrangler") {
      event:send({ "eci": bus{"Tx"}, "domain": domain, "type": type, "attrs": attrs }, bus{"Tx_host"})
    }

    // What the other side is told of the end of an established relationship, in its own perspective.
    ending = function(bus) { { "Id": bus{"Id"}, "Rx": bus{"Tx"}, "Tx": bus{"Rx"} } }

    // A channel may have been deleted behind our back.
    closeRx = defaction(bus) {
      if ctx:channel(bus{"Rx"}) then
        ctx:delChannel(bus{"Rx"})
    }

    forget = defaction(bus) {
      every {
        closeRx(bus)
        ctx:clearWill(bus{"Id"})
      }
    }

    // --- looking after them ---

    // Relationships that one turn ends or looks after, and requests that may wait for an answer.
    MOST_AT_ONCE = 100
    MOST_PENDING = 1000

    // The relationships that come next after an Id.
    next = function(buses, after) {
      buses.keys().defaultsTo([])
        .filter(function(Id) { Id cmp after > 0 })
        .sort()
        .filter(function(Id, place) { place < MOST_AT_ONCE })
        .map(function(Id) { buses{[Id]} })
    }

    all = function() {
      ent:established.defaultsTo({}).put(ent:inbound.defaultsTo({})).put(ent:outbound.defaultsTo({}))
    }

    idsOf = function(buses) { buses.map(function(bus) { bus{"Id"} }) }

    // Those whose other side would not even take the news of the end. Of other engines nothing is known.
    lost = function(buses) {
      here = buses.filter(function(bus) { bus{"Tx_host"}.isnull() })
      begun = here.filter(function(bus) { bus{"Tx"} })
      asked = here.filter(function(bus) { bus{"Tx"}.isnull() })
      unreached(begun, "Tx", "established_removal").append(unreached(asked, "wellKnown_Tx", "inbound_removal"))
    }

    unreached = function(buses, where, type) {
      reached = ctx:reachable(buses.map(function(bus) { bus{where} }), "wrangler", type)
      buses.filter(function(bus) { not (reached >< bus{where}) })
    }

    // The buses that somebody means who names one, or a role.
    meant = function(attrs) {
      all = ent:established.defaultsTo({}).values()
      named = ["Tx_role", "Rx_role"].filter(function(name) { isText(attrs{name}) })
      all.filter(function(bus) {
        isText(attrs{"subID"}) && bus{"Id"} == attrs{"subID"}
          || named.any(function(name) { bus{name} == attrs{name} })
      })
    }
  }

  // --- being introduced ---

  rule open_wellKnown_Rx {
    select when wrangler need_wellKnown_Rx
      or wrangler ruleset_installed where event:attrs{"rids"} >< ctx:rid
      or engine started
    if wellKnown_Rx().isnull() then
      ctx:newChannel(["wellKnown_Rx", "Tx_Rx"], wellKnownEvents, wellKnownQueries) setting(channel)
    fired {
      ent:wellKnown := channel{"id"}
      raise wrangler event "wellKnown_Rx_created" attributes told()
    }
  }

  // --- asking for a relationship ---

  rule ask {
    select when wrangler subscription
    pre {
      attrs = passedOn(event:attrs)
      Id = isText(attrs{"Id"}) => attrs{"Id"} | random:uuid()
      name = tag(attrs{"name"}, random:word())
      type = tag(attrs{"channel_type"}, "Tx_Rx")
      bus = newBus(attrs, Id).put("wellKnown_Tx", attrs{"wellKnown_Tx"})
      // Anybody may propose it over the well-known channel, but not what his channel is to let in.
      own = event:eci == ent:wellKnown => {} | event:attrs
      request = attrs.put(bus).put({ "channel_name": name, "channel_type": type })
    }
    if isEci(bus{"wellKnown_Tx"}) && not isKnown(Id) then every {
      ctx:newChannel([name, type], eventPolicy(own{"eventPolicy"}), queryPolicy(own{"queryPolicy"}))
        setting(channel)
      event:send({
        "eci": bus{"wellKnown_Tx"},
        "domain": "wrangler",
        "type": "new_subscription_request",
        "attrs": seenFromThere(request, channel{"id"})
      }, bus{"Tx_host"})
      leaveWord(bus, bus{"wellKnown_Tx"}, "inbound_removal", { "Id": Id, "Tx": channel{"id"} })
    }
    fired {
      ent:outbound{[Id]} := bus.put("Rx", channel{"id"})
      raise wrangler event "outbound_pending_subscription_added" attributes request.put("Rx", channel{"id"})
    } else {
      error warn "a subscription needs the wellKnown_Tx of another pico, which is no DID, and an Id that is not in use, or none"
      raise wrangler event "wellKnown_Tx_format_failure" attributes attrs
    }
  }

  // --- being asked ---

  rule consider {
    select when wrangler new_subscription_request where not isKnown(event:attrs{"Id"})
    pre {
      attrs = passedOn(event:attrs)
      Id = isText(attrs{"Id"}) => attrs{"Id"} | random:uuid()
      name = tag(attrs{"channel_name"}, random:word())
      type = tag(attrs{"channel_type"}, "Tx_Rx")
      bus = newBus(attrs, Id).put("Tx", attrs{"Tx"})
      isFull = ent:inbound.keys().length() >= MOST_PENDING
    }
    if isEci(bus{"Tx"}) && not isFull then every {
      ctx:newChannel([name, type], busEvents, busQueries) setting(channel)
      leaveWord(bus, bus{"Tx"}, "outbound_removal", { "Id": Id })
    }
    fired {
      ent:inbound{[Id]} := bus.put("Rx", channel{"id"})
      ent:others{[Id]} := event:sender if event:sender
      raise wrangler event "inbound_pending_subscription_added"
        attributes attrs.put({ "Id": Id, "Rx": channel{"id"} })
    } else {
      error warn isFull => "too many subscriptions wait for an answer already" | "a request without a Tx that is an ECI"
      raise wrangler event "no_Tx_failure" attributes attrs
    }
  }

  // An Id that is in use here, be it because the pico asks itself. The same request again changes nothing.
  rule refuse_known_id {
    select when wrangler new_subscription_request
      where isKnown(event:attrs{"Id"}) && isText(event:attrs{"Tx"})
        && not isSaidOf(heldAs(event:attrs{"Id"}), event:attrs)
    event:send({
      "eci": event:attrs{"Tx"},
      "domain": "wrangler",
      "type": "outbound_removal",
      "attrs": { "Id": event:attrs{"Id"}, "reason": "the Id is in use on the other side" }
    }, hostOf(event:attrs{"Tx_host"}))
  }

  rule accept_the_welcome {
    select when wrangler inbound_pending_subscription_added where isWelcome(event:attrs)
    fired {
      raise wrangler event "pending_subscription_approval" attributes passedOn(event:attrs)
      raise wrangler event "auto_accepted_subscription_request" attributes told()
    }
  }

  // --- agreeing ---

  rule approve {
    select when wrangler pending_subscription_approval
    pre {
      bus = busOf(ent:inbound, event:attrs)
    }
    if bus then every {
      limit(bus, event:attrs)
      tellOther(bus, "outbound_pending_subscription_approved",
        passedOn(event:attrs).put({ "Id": bus{"Id"}, "Tx": bus{"Rx"} }))
      leaveWord(bus, bus{"Tx"}, "established_removal", ending(bus))
    }
    fired {
      clear ent:inbound{[bus{"Id"}]}
      ent:established{[bus{"Id"}]} := bus
      raise wrangler event "inbound_pending_subscription_approved"
        attributes told().put({ "Id": bus{"Id"}, "bus": bus })
      raise wrangler event "subscription_added" attributes told().put({ "Id": bus{"Id"}, "bus": bus })
    } else {
      error warn "there is no request of that Id to approve"
    }
  }

  rule be_approved {
    select when wrangler outbound_pending_subscription_approved
    pre {
      held = busOf(ent:outbound, event:attrs)
      bus = held.put("Tx", event:attrs{"Tx"}).delete("wellKnown_Tx")
    }
    if held && held{"Rx"} == event:eci && isText(event:attrs{"Tx"}) then
      leaveWord(bus, bus{"Tx"}, "established_removal", ending(bus))
    fired {
      clear ent:outbound{[bus{"Id"}]}
      ent:established{[bus{"Id"}]} := bus
      ent:others{[bus{"Id"}]} := event:sender if event:sender
      raise wrangler event "subscription_added" attributes told().put("bus", bus)
    }
  }

  // --- ending one that is established ---

  rule cancel {
    select when wrangler subscription_cancellation
    pre {
      bus = busOf(ent:established, event:attrs)
      attrs = told().put("Id", bus{"Id"})
    }
    if bus then every {
      tellOther(bus, "established_removal", passedOn(attrs).put(ending(bus)))
      forget(bus)
    }
    fired {
      clear ent:established{[bus{"Id"}]}
      clear ent:others{[bus{"Id"}]}
      raise wrangler event "subscription_removed" attributes attrs.put("bus", bus)
    } else {
      error warn "there is no subscription of that Id to cancel"
    }
  }

  rule be_cancelled {
    select when wrangler established_removal
    pre {
      bus = busOf(ent:established, event:attrs)
    }
    if bus && isFromOther(bus) then
      forget(bus)
    fired {
      clear ent:established{[bus{"Id"}]}
      clear ent:others{[bus{"Id"}]}
      raise wrangler event "subscription_removed" attributes told().put("bus", bus)
    }
  }

  // --- refusing a request ---

  rule reject {
    select when wrangler inbound_rejection
    pre {
      bus = busOf(ent:inbound, event:attrs)
      attrs = told().put("Id", bus{"Id"})
    }
    if bus then every {
      tellOther(bus, "outbound_removal", passedOn(attrs))
      forget(bus)
    }
    fired {
      clear ent:inbound{[bus{"Id"}]}
      clear ent:others{[bus{"Id"}]}
      raise wrangler event "inbound_subscription_cancelled" attributes attrs.put("bus", bus)
    } else {
      error warn "there is no request of that Id to reject"
    }
  }

  rule be_rejected {
    select when wrangler outbound_removal
    pre {
      bus = busOf(ent:outbound, event:attrs)
    }
    if bus && bus{"Rx"} == event:eci then
      forget(bus)
    fired {
      clear ent:outbound{[bus{"Id"}]}
      raise wrangler event "outbound_subscription_cancelled" attributes told().put("bus", bus)
    }
  }

  // --- taking a request back ---

  rule withdraw {
    select when wrangler outbound_cancellation
    pre {
      bus = busOf(ent:outbound, event:attrs)
      attrs = told().put("Id", bus{"Id"})
    }
    if bus then every {
      event:send({
        "eci": bus{"wellKnown_Tx"},
        "domain": "wrangler",
        "type": "inbound_removal",
        "attrs": passedOn(attrs).put("Tx", bus{"Rx"})
      }, bus{"Tx_host"})
      forget(bus)
    }
    fired {
      clear ent:outbound{[bus{"Id"}]}
      raise wrangler event "outbound_subscription_cancelled" attributes attrs.put("bus", bus)
    } else {
      error warn "there is no request of that Id to take back"
    }
  }

  // Over the well-known channel, where anybody may speak: who asked knows the channel that was made for it.
  rule be_withdrawn {
    select when wrangler inbound_removal
    pre {
      Id = event:attrs{"Id"}
      bus = isText(Id) && ent:inbound >< Id => ent:inbound{[Id]} | null
    }
    if bus && isSaidOf(bus, event:attrs) && isOther(Id) then
      forget(bus)
    fired {
      clear ent:inbound{[Id]}
      clear ent:others{[Id]}
      raise wrangler event "inbound_subscription_cancelled" attributes told().put("bus", bus)
    }
  }

  // The approval and the withdrawal crossed: the other side has never known that it was agreed on.
  rule be_withdrawn_after_approval {
    select when wrangler inbound_removal
    pre {
      Id = event:attrs{"Id"}
      bus = isText(Id) && ent:established >< Id => ent:established{[Id]} | null
    }
    if bus && isSaidOf(bus, event:attrs) && isOther(Id) then
      forget(bus)
    fired {
      clear ent:established{[Id]}
      clear ent:others{[Id]}
      raise wrangler event "subscription_removed" attributes told().put("bus", bus)
    }
  }

  // --- ending all ---

  // So many at a time; then it goes on with the next.
  rule cancel_established {
    select when wrangler cancel_subscriptions
    foreach next(ent:established, "") setting(bus)
    fired {
      raise wrangler event "subscription_cancellation" attributes told().put("Id", bus{"Id"})
    }
  }

  rule cancel_inbound {
    select when wrangler cancel_subscriptions
    foreach next(ent:inbound, "") setting(bus)
    fired {
      raise wrangler event "inbound_rejection" attributes told().put("Id", bus{"Id"})
    }
  }

  rule cancel_outbound {
    select when wrangler cancel_subscriptions
    foreach next(ent:outbound, "") setting(bus)
    fired {
      raise wrangler event "outbound_cancellation" attributes told().put("Id", bus{"Id"})
    }
  }

  rule go_on_cancelling {
    select when wrangler cancel_subscriptions
      where [ent:established, ent:inbound, ent:outbound].any(function(buses) {
        buses.keys().length() > MOST_AT_ONCE
      })
    event:send({ "eci": ctx:picoId, "domain": "wrangler", "type": "cancel_subscriptions", "attrs": told() })
  }

  // A pico says that it is going to end, and asks its parent for it.
  rule intend_to_delete {
    select when wrangler intent_to_delete
    if busOf(ent:established, event:attrs) && isText(event:attrs{"Id"}) then noop()
    fired {
      raise wrangler event "subscription_cancellation" attributes told()
      raise wrangler event "ready_for_deletion" attributes {}
    } else {
      error warn "intent_to_delete needs the Id of an established subscription"
    }
  }

  // --- speaking to others ---

  rule send_on {
    select when wrangler send_event_on_subs
    foreach meant(event:attrs) setting(bus)
    if isText(event:attrs{"domain"}) && isText(event:attrs{"type"}) then
      tellOther(bus, event:attrs{"type"}, event:attrs{"attrs"}.decode().defaultsTo({}), event:attrs{"domain"})
  }

  rule send_on_fails {
    select when wrangler send_event_on_subs
      where meant(event:attrs).isEmpty() || not isText(event:attrs{"domain"}) || not isText(event:attrs{"type"})
    fired {
      raise wrangler event "failed_to_send_event_to_sub" attributes told().put({
        "foundSubsToSendTo": not meant(event:attrs).isEmpty(),
        "domainGiven": isText(event:attrs{"domain"}),
        "typeGiven": isText(event:attrs{"type"})
      })
    }
  }

  // --- what is accepted without asking anybody ---

  rule configure_auto_accept {
    select when wrangler autoAcceptConfigUpdate
    pre {
      config = event:attrs{"config"}.decode().defaultsTo({
        "configName": event:attrs{"configName"},
        "password": event:attrs{"password"},
        "entries": event:attrs{"regexMap"}.decode()
      })
      name = config{"configName"}
      password = sealed(name, config{"password"})
      held = ent:accepting{[name, "password"]}
    }
    if isText(name) && (held.isnull() || held == password) then noop()
    fired {
      ent:accepting{[name]} := config.put("password", password) if not event:attrs{"delete"}
      clear ent:accepting{[name]} if event:attrs{"delete"}
      raise wrangler event "auto_accept_config_updated" attributes told().delete("password")
    } else {
      error warn "autoAcceptConfigUpdate needs a configName, and the password that it was made with"
      raise wrangler event "autoAcceptConfigUpdate_failure" attributes told().delete("password")
    }
  }

  // --- looking after them ---

  // So many at a time, in the order of their Ids; then it goes on with the next.
  rule check {
    select when wrangler check_subscriptions
    pre {
      due = next(all(), event:attrs{"after"}.defaultsTo(""))
      isMore = due.length() == MOST_AT_ONCE
      after = due.isEmpty() => null | due[due.length() - 1]{"Id"}
    }
    if isMore then
      event:send({
        "eci": ctx:picoId,
        "domain": "wrangler",
        "type": "check_subscriptions",
        "attrs": { "after": after }
      })
    always {
      raise wrangler event "subscriptions_checked" attributes {
        "checked": idsOf(due),
        "lost": idsOf(lost(due))
      }
    }
  }

  rule remove_lost {
    select when wrangler subscriptions_checked
    foreach event:attrs{"lost"} setting(Id)
    pre {
      bus = isText(Id) => heldAs(Id) | null
      told = { "Id": Id, "bus": bus, "reason": "the other side is gone" }
    }
    if bus then
      forget(bus)
    fired {
      raise wrangler event "subscription_removed" attributes told if ent:established >< Id
      raise wrangler event "inbound_subscription_cancelled" attributes told if ent:inbound >< Id
      raise wrangler event "outbound_subscription_cancelled" attributes told if ent:outbound >< Id
      clear ent:established{[Id]}
      clear ent:inbound{[Id]}
      clear ent:outbound{[Id]}
      clear ent:others{[Id]}
    }
  }

  // There is somebody; whether he knows of the relationship he knows best.
  rule ask_other {
    select when wrangler subscriptions_checked
    foreach event:attrs{"checked"}.difference(event:attrs{"lost"}) setting(Id)
    pre {
      bus = isText(Id) => ent:established{[Id]} | null
    }
    if bus then
      tellOther(bus, "subscription_check", ending(bus))
  }

  // Being asked: what nobody knows of here is ended there, and what was agreed on is established at last.
  rule be_asked {
    select when wrangler subscription_check
    pre {
      Id = event:attrs{"Id"}
      isPending = isText(Id) && ent:outbound{[Id, "Rx"]} == event:eci
    }
    if isText(Id) && isText(event:attrs{"Tx"}) && not isKnown(Id) then
      event:send({
        "eci": event:attrs{"Tx"},
        "domain": "wrangler",
        "type": "established_removal",
        "attrs": { "Id": Id, "reason": "the other side does not know it" }
      })
    always {
      raise wrangler event "outbound_pending_subscription_approved" attributes told() if isPending
    }
  }

  rule check_repeatedly {
    select when wrangler check_subscriptions_repeatedly
    schedule:remove(ent:checking)
    always {
      clear ent:checking
      schedule wrangler event "check_subscriptions" repeat event:attrs{"timespec"} setting(timer)
        if event:attrs{"timespec"}
      ent:checking := timer{"id"} if event:attrs{"timespec"}
    }
  }
}

ruleset io.picolabs.did-o {
  meta {
    name "did-o"
    description <<
      DIDComm for rulesets that were written for pico-engine's did-o: the same functions and events, on top of
      the engine's own module didcomm. New rulesets use that.
    >>
    provides addRoute,
      routes,
      send,
      sendEvent,
      sendQuery,
      didMap,
      clearDidMap,
      didDocs,
      clearDidDocs,
      pendingRotations,
      clearPendingRotations,
      generate_invitation,
      generate_message
    shares routes, didMap, didDocs, pendingRotations, generate_message
  }

  global {
    ping = "https://didcomm.org/trust-ping/2.0/ping"
    pingResponse = "https://didcomm.org/trust-ping/2.0/ping-response"
    picolabsEvent = "https://picolabs.io/event/1.0/event"

    // --- routes, in ent:routes: type of a message → the event that is raised for it ---

    addRoute = function(type, _domain, name) { didcomm:route(type, _domain, name) }

    routes = function() { ent:routes.defaultsTo({}) }

    // --- sending ---

    send = function(did, message) {
      didcomm:send(did, message{"type"}, message{"body"}, {
        "id": message{"id"},
        "thid": message{"thid"},
        "pthid": message{"pthid"}
      })
    }

    // In the engines' own protocol: it runs once, and the policy of the channel over there holds.
    sendEvent = function(did, event) {
      didcomm:sendEvent(did, event{"domain"}, event{"name"}, event{"attrs"})
    }

    sendQuery = function(did, _query) {
      didcomm:query(did, _query{"rid"}, _query{"name"}, _query{"args"})
    }

    // --- who is known ---

    known = function() { didcomm:relationships() }

    didMap = function() {
      known().reduce(function(map, one) { map.put([one{"them"}], one{"me"}) }, {})
    }

    clearDidMap = function() { known().map(function(one) { didcomm:forget(one{"them"}) }).length() }

    didDocs = function() {
      known().reduce(
        function(docs, one) { docs.put([one{"them"}], didcomm:document(one{"them"})) },
        {}
      )
    }

    // Documents are had from the DIDs each time; none is kept here.
    clearDidDocs = function() { 0 }

    pendingRotations = function() {
      known()
        .filter(function(one) { one{"rotating"} })
        .reduce(function(map, one) { map.put([one{"me"}], {"to": one{"them"}}) }, {})
    }

    // A rotation is told until it was heard. What is told is part of the relationship, and goes with it.
    clearPendingRotations = function() { 0 }

    // --- messages ---

    generate_invitation = function(label) {
      didcomm:invite(null, {"label": label || "PicoInvite"}){"url"}
    }

    generate_message = function(message) {
      now = time:strftime(time:now(), "%s").as("Number")
      return message.put({
        "id": message{"id"} || random:uuid(),
        "typ": "application/didcomm-plain+json",
        "created_time": now
      })
    }

    asMessage = function(attrs) {
      attrs
        .filter(function(value, name) {
          [
            "id",
            "type",
            "thid",
            "pthid",
            "from",
            "created_time",
            "expires_time",
            "body",
            "attachments"
          ]
            >< name
        })
        .put("to", [attrs{"to"}])
    }
  }

  // --- messages that come ---

  // An envelope for a DID that names this channel as its endpoint. It goes the way of all that come by DIDComm.
  rule route_message {
    select when dido:didcommv2_message
    didcomm:receive(event:attrs.delete("_headers"))
  }

  rule route_opened {
    select when didcomm:message
    pre {
      to = routes(){event:attrs{"type"}}
    }
    if event:sender && to then noop()
    fired {
      raise event to{"domain"} + ":" + to{"name"}
        attributes {"message": asMessage(event:attrs), "metadata": {"authenticated": true}}
    }
  }

  // To this very channel, so that its policy decides.
  rule take_event {
    select when didcomm:message where event:attrs{"type"} == picolabsEvent
    pre {
      body = event:attrs{"body"}
    }
    if event:sender && body{"domain"} && body{"name"} then
      event:send({
        "eci": event:eci,
        "domain": body{"domain"},
        "name": body{"name"},
        "attrs": body{"attrs"}
      })
  }

  // --- invitations and pings ---

  rule receive_invite {
    select when dido:receive_invite
    didcomm:accept(event:attrs{"invite"})
  }

  rule send_trust_ping {
    select when dido:send_trust_ping
    didcomm:send(event:attrs{"did"}, ping, {"response_requested": true})
  }

  // Only to those who are known: anybody can write into an event who sent a ping.
  rule receive_trust_ping {
    select when dido:receive_trust_ping
    pre {
      message = event:attrs{"message"}
    }
    if didcomm:relationship(message{"from"}) then
      didcomm:send(message{"from"}, pingResponse, {}, {"thid": message{"id"}})
  }
}

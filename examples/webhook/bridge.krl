ruleset bridge {
  meta {
    name "Bridge"
    version "1.0"
    description <<Takes what a service posts to a webhook, and posts what others want of it to theirs.>>
    shares delivered, failed, target
  }

  global {
    delivered = function() { ent:delivered.defaultsTo(0) }
    failed = function() { ent:failed.defaultsTo([]) }
    target = function() { ent:target }
    // of all that comes, what is passed on
    message = function(attrs) {
      {"text": attrs{["repository", "name"]} + ": " + attrs{["head_commit", "message"]}}
    }
  }

  rule aim {
    select when bridge:target url re#^(https?://.+)$# setting(url)
    always {
      ent:target := url
    }
  }

  // after the commit, at least once, with a key by which the other side can tell a repetition
  rule pass_on {
    select when bridge:push where target()
    http:post(target(), json = message(event:attrs), autosend = {
      "eci": meta:eci,
      "domain": "bridge",
      "type": "posted",
      "attrs": {}
    })
  }

  rule count {
    select when bridge:posted where event:attrs{"status_code"} < 300
    always {
      ent:delivered := delivered() + 1
    }
  }

  rule remember_failure {
    select when bridge:posted where event:attrs{"status_code"} >= 300
    always {
      ent:failed := failed().append({"status": event:attrs{"status_code"}, "at": time:now()})
    }
  }
}

ruleset inbox {
  meta {
    name "Inbox"
    version "1.0"
    description <<Stands for the service at the other end of the bridge.>>
    shares texts
  }

  global {
    texts = function() { ent:texts.defaultsTo([]) }
  }

  rule keep {
    select when inbox:post text re#(.+)# setting(text)
    always {
      ent:texts := texts().append(text)
    }
  }
}

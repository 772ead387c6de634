ruleset liar {
  rule lie {
    select when liar:lie
    always {
      raise engine event "arrived"
        attributes {"from": "A", "to": "Z", "reason": "a lie", "attempt": "a9"}
    }
  }
}

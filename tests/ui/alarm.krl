ruleset alarm {
  meta {
    name "Alarm"
  }

  rule set {
    select when alarm set
    always {
      schedule alarm event "ring" repeat "0 7 * * *" attributes { "loud": true }
    }
  }
}

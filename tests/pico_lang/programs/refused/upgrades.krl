// K315 "1.0": another upgrade block is for version "1.0" already
// K310 app:x := 1: only entity variables can change: app:x
// K316 "2.0": "2.0" is the version of this very text
// K311 raise a event "b": an upgrade block only changes entity variables
// K311 last: an upgrade block only changes entity variables
// K311 clear ent:x on final: on final belongs in a foreach
// K201 event_count: undefined name event_count
ruleset r { meta {
  upgrade from "1.0", "0.9" { ent:x := 1 }
  upgrade from "1.1", "1.0" { app:x := 1 }
  upgrade from "2.0" { raise a event "b"; last; clear ent:x on final; ent:y := event_count }
  version "2.0"
} }

//! K103 5:18 `"text"` expected a level (`error`, `warn`, `info` or `debug`), found a string
ruleset bad {
  rule wrong {
    select when a b
    always { log "text" }
  }
  rule good { select when a b }
}

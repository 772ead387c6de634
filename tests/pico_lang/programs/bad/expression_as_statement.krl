//! K103 5:14 `"text"` expected a statement or `}`, found a string
ruleset bad {
  rule wrong {
    select when a b
    always { "text".klog() }
  }
  rule good { select when a b }
}

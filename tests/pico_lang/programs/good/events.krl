// Every form of event expression.
ruleset io.picomesh.events {
  rule with_colon { select when counter:increment }
  rule any_word { select when account null or function return or setting not }
  rule attributes { select when a b where re#1# setting re#(2)# fired re#3# setting(x) }
  rule where_only { select when a b where event:attrs{"n"} > 1 }
  rule where_first { select when a b n re#(.*)# where n setting(n) }
  rule either { select when a b or c d or e f }
  rule both { select when a b and c d or e f and g h }
  rule sequence { select when a b before c d then e f after g h }
  rule parentheses { select when (a b or c d) before (e f and (g h)) }
  rule between { select when a b between(c d, e f) }
  rule not_between { select when a b n re#1# not between(c d or g h, e f) between(i j, k l) }
  rule call_forms { select when or(a b, and(c d, e f), before(g h, i j), then(k l, m n), after(o p, q r)) }
  rule any_of { select when any 2 (a b, c d, e f) }
  rule counted { select when count 3 (a b n re#(\d+)# setting(n)) max(m) }
  rule repeated { select when repeat 2 (a b where c) push(all) or d e within 2 * 3 hours }
  rule in_time { select when a b before c d within timeout("x") seconds }
  rule domains_like_keywords { select when count changed or any thing or repeat it or or else }
}

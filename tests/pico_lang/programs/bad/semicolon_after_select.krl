//! K103 6:5 `;` expected an action, a postlude (`always`, `fired` or `notfired`), an event operator such as `or`, `foreach`, `pre`, `setting`, `where`, `within`, `}` or an attribute match `name re#…#`, found `;`
//= a `;` may follow a declaration, an action or a statement of a postlude
ruleset bad {
  rule wrong {
    select when a b
    ;
    noop()
  }
  rule good { select when a b }
}

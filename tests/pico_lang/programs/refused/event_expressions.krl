// K506 n: setting without an attribute match leaves these names null
// K505 a b x re#(.)# where 1 == 1 setting(m): where in front of setting is deprecated
// K507 q: rule q is inactive and never runs
// K509 unused: unused is set here but rule s never uses it
ruleset a {
  rule r { select when a b setting(n) always { log info n } }
  rule p { select when a b x re#(.)# where 1 == 1 setting(m) always { log info m } }
  rule q is inactive { select when a b }
  rule s { select when a b x re#(.)# setting(unused) }
}

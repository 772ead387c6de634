// K308 name "two": only one name is allowed in meta
// K503 logging on: logging has no effect
// K309 key secret "x": meta property not supported: key
// K309 errors to other.rid: meta property not supported: errors to
// K309 provides keys secret to other.rid: meta property not supported: provides keys
ruleset a { meta {
  name "one"
  name "two"
  logging on
  key secret "x"
  errors to other.rid
  provides keys secret to other.rid
} }

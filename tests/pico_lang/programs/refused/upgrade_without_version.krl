// K314 upgrade from "*" { }: an upgrade block in a ruleset that has no version
ruleset r { meta {
  name "no version"
  upgrade from "*" { }
  upgrade from "1.0" { clear ent:x }
} }

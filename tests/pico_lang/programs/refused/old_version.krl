// K504 "1.0": a version in front of meta is deprecated
ruleset a { version "1.0" meta { name "a" } }

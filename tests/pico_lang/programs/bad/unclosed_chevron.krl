//! K102 3:22 `<<` this chevron is never closed: its `>>` is missing
ruleset bad {
  meta { description <<
    text with a #{ beesting } in it
  }
}

// K511 "colour": no raise of paint:wall in this ruleset gives it the attribute colour
ruleset a {
  rule order { select when a b fired {
    raise paint event "wall" attributes {"color": "red", "size": 2}
    raise paint event "door" attributes event:attrs
  } }
  rule paint {
    select when paint wall
    pre { colour = event:attrs{"colour"} size = event:attrs{"size"} coats = event:attrs{"coats"}.defaultsTo(1) }
    always { log info [colour, size, coats] }
  }
  rule door { select when paint door always { log info event:attrs{"colour"} } }
  rule both { select when paint wall or paint roof always { log info event:attrs{"colour"} } }
}

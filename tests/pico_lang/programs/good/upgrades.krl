// What a new version makes of the variables of older ones.
ruleset io.picomesh.upgraded {
  meta {
    name "Upgraded" version "3.0"
    use module io.picomesh.plain alias plain with upgrade = limit
    configure using limit = 5 upgrade from "1.0" , "1.1" {
      // all at once
      entries = ent:list.defaultsTo([]).map(function(entry) { {"text": entry} }) // each
      ent:entries := entries.reduce(function(all, one, index) { all.put("e" + index, one) }, {}) if entries.length() > 0
      ent:entries{["e0", "first"]} := true ; clear ent:list
      log info <<#{entries.length()} entries>> if from(upgrade) > limit /* many */
    }
    upgrade from "2.0" {}
    upgrade
      from "*" { clear ent:entries{"e9"} }
    shares upgrade, from
  }
  global {
    upgrade = 10
    from = function(upgrade) { upgrade + 1 }
  }
  rule upgrade { select when upgrade from from re#(.*)# setting(upgrade) fired { ent:upgrade := upgrade } }
}

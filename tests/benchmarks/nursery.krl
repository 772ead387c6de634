ruleset nursery {
  meta {
    name "Nursery"
    description <<Makes many children that have a ruleset each, in both ways there are.>>
  }

  // Made whole: the child has its ruleset from the first moment.
  rule make_child {
    select when nursery child_wanted
    ctx:newPico([{ "url": event:attrs{"url"}, "config": {} }])
  }

  // Made by Wrangler, which tells when the child can be talked to.
  rule equip_child {
    select when wrangler new_child_created where event:attrs{"url"}
    event:send({
      "eci": event:attrs{"eci"},
      "domain": "wrangler",
      "type": "install_ruleset_request",
      "attrs": { "url": event:attrs{"url"} }
    })
  }
}

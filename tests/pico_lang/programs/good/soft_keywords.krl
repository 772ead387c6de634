// Every keyword that is not reserved is a name wherever a name can stand.
ruleset rule.meta.global-select.when {
  meta { shares if, rule, name, keys, like
    provides keys }
  global {
    if = 1 rule = 2 name = 3 keys = 4 like = 5
    and = 6; or = and; then = 7 before = then after = before between = 8 any = 9 count = any + 1
    repeat = count - 1 cmp = repeat.like(cmp)
    NUMBER = 10 REGEXP = NUMBER
    select = function(when, within = when, foreach = [when]) { where = when; log = where return log + foreach }
    last = [if, rule, and, or, then, before, after, between, any, count, repeat, like, cmp]
    raise = last.any(select).count().and:or(repeat = any)
    error = like like re#like# && cmp cmp cmp
    event = event:event => event:attrs{"event"} | event
    every = defaction(choose) { log(choose) }
    minutes = max + min
    to = <<#{ to }>>
  }
  rule rule {
    select when rule select if re#x# like re#y# setting(setter) where where like re#y# && when within within minutes
    foreach foreach setting(foreach, setting_)
    pre { pre = pre rule = rule }
    if if then then(if, then = if)
    always {
      raise rule event "x" for for attributes attributes if if;
      raise event event:attrs{"next"}
      schedule at event event at at attributes attributes setting(at)
      schedule event repeat repeat repeat on final
      ent:log := log if last;
      clear ent:clear
      log error error
      error info log
      final = on
    }
  }
}

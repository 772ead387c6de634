tests for "approval.krl" {
  test "a small order needs nobody" {
    send order:placed attributes {"id": "a", "item": "tea", "price": 5}
    expect directive "approved" with {"id": "a"}
    expect raised order:approved
    expect no scheduled order:overdue
    expect query("waiting") == []
  }

  test "a large one waits until somebody decides" {
    send order:placed attributes {"id": "b", "item": "boat", "price": 5000}
    expect directive "waiting"
    wait 2 days
    expect query("waiting") == ["b"]
    send order:decided attributes {"id": "b", "by": "Ada", "yes": true}
    expect raised order:approved with {"by": "Ada"}
    expect query("order", {"id": "b"}){"state"} == "approved"
  }

  test "it is refused, and then that is that" {
    send order:placed attributes {"id": "b", "price": 5000}
    send order:decided attributes {"id": "b", "by": "Ada", "yes": "false"}
    expect directive "refused"
    send order:decided attributes {"id": "b", "by": "Bo", "yes": "true"}
    expect no directive
    expect query("order", {"id": "b"}){"by"} == "Ada"
  }

  test "one that waits too long is remembered, again and again" {
    send order:placed attributes {"id": "b", "price": 5000}
    wait 7 days
    expect query("order", {"id": "b"}){"reminded"} == 2
    send order:decided attributes {"id": "b", "by": "Ada", "yes": "true"}
    wait 7 days
    expect query("order", {"id": "b"}){"reminded"} == 2
    expect no scheduled order:overdue
  }

  test "the same order is placed once" {
    send order:placed attributes {"id": "a", "item": "tea", "price": 5}
    send order:placed attributes {"id": "a", "item": "boat", "price": 5000}
    expect no directive
    expect query("order", {"id": "a"}){"item"} == "tea"
  }
}

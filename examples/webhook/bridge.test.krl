tests for "bridge.krl" {
  test "passes on what it is told to" {
    given ent:target := "https://chat.example/hook"
    given http:post for "https://chat.example/hook" answers {"status_code": 200, "content": "ok"}
    send bridge:push
      attributes {"repository": {"name": "shop"}, "head_commit": {"message": "mend the till"}}
    expect query("delivered") == 1
  }

  test "remembers what did not arrive" {
    given ent:target := "https://chat.example/hook"
    given http:post for "https://chat.example/hook" answers {"status_code": 500, "content": ""}
    send bridge:push
      attributes {"repository": {"name": "shop"}, "head_commit": {"message": "mend the till"}}
    expect query("delivered") == 0
    expect query("failed").head(){"status"} == 500
  }

  test "does nothing before it has a target" {
    send bridge:push attributes {"repository": {"name": "shop"}}
    expect query("delivered") == 0 && query("failed") == []
  }
}

tests for "my_project.krl" {
  test "greets whoever comes" {
    send my_project:greet attributes {"name": "Ada"}
    expect directive "greeted" with {"text": "Hello, Ada!"}
    expect query("guests") == {"Ada": 1}
  }

  test "knows who was here before" {
    given ent:guests := {"Ada": 1}
    send my_project:greet attributes {"name": "Ada"}
    expect directive "greeted" with {"text": "Hello again, Ada!"}
    expect query("times", {"name": "Ada"}) == 2
  }

  test "forgets everybody" {
    given ent:guests := {"Ada": 1}
    send my_project:forget
    expect no directive
    expect guests() == {}
  }
}

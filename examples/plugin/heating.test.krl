tests for "heating.krl" {
  test "looking keeps both scales" {
    given thermometer:celsius answers 20
    send heating:look
    expect query("latest") == {"celsius": 20, "fahrenheit": 68}
  }

  test "a warm day is noted" {
    given thermometer:celsius answers 31
    given thermometer:note answers 7
    send heating:look
    expect query("latest"){"lines"} == 7
  }

  test "a broken thermometer is an error" {
    given thermometer:celsius answers {"error": "no sensor"}
    send heating:look
    expect error "R608"
  }
}

//! K103 3:13 `.` expected `{`, found `.`
//= the parts of a ruleset id are words joined by `.` or `-` without space between
ruleset bad . id {
}

//! K103 3:15 `.2` expected `{`, found `.2`
//= the parts of a ruleset id are words joined by `.` or `-` without space between
ruleset bad.v1.2 {
}

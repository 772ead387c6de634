//! K103 6:7 `,` expected `]`, found `,`
//= the `[` of line 6 goes on with the line before: end that with a `;`
ruleset bad {
  global {
    a = b
    [1, 2].head()
  }
  rule good { select when a b }
}

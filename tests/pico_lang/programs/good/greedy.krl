// Where one `;` more or less changes what is read.
ruleset greedy {
  global {
    a = 5
    -a
    b = a
    (1)
    c = a;
    d = a{"b"}
    ["c"]
    f = function(x) { y = x; [x, y] }
    g = function(x) { y = x
      [y] (x) return { "map": y } }
    h = 1 . abs ( ) . x : y ( ) { "k" }
  }
}

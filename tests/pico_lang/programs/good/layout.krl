

/* A comment in front of everything,
   over two lines. */
// and one more
ruleset   layout{meta{name "Layout" // behind a name
  // in front of a share
  shares a,b /* inside */ ,c // at the end
}
global{
  // first of all


  a=function(x){x}
  b = [ // why
    1, /* one */ 2
    // last one
  ]
  /* alone */
  c = 3 // behind
  // nothing follows in global
}
// before the rule
rule r{select when a b // selects
  // before the actions
  if a(b) /* then what */ then
    noop( ) // acts
  always{ // in the postlude

    ent:x:=1;ent:y:=2 // two at once

    // an end
  }
  // end of the rule
}
rule empty{select when a b
  // only a comment
}
// end of the ruleset
}
// after everything

"""KRL, the language of picos: from text to a program that can be run, and nothing about who runs it."""

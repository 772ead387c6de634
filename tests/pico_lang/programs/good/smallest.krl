ruleset smallest {}

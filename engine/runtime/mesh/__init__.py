"""Engines that know each other: how they meet, what they tell each other, how well they reach each other."""

"""Keys of people and what is signed with them: Ed25519, and the files that keys lie in."""

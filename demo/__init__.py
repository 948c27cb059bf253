"""The main story, played over the real HTTP API on a database of its own, with a check of each step."""

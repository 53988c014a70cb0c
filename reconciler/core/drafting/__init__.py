"""Guesses a first configuration from what both stores look like: pure, from frozen facts to a draft to TOML."""

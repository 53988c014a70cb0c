"""The pure core: what equality means and when a gate opens; no I/O, clock, randomness, logging or async."""

"""PostgreSQL, the target: connecting, its catalogue, reading, and columns to plain values."""

"""MongoDB, the source: connecting, reading, and BSON to plain values."""

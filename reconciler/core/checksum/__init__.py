"""One canonical encoding of a record, told three ways: as Python text, as a MongoDB expression, as SQL text."""

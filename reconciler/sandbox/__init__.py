"""Embedded MongoDB and PostgreSQL with a demo marketplace in both and labelled faults planted between them."""

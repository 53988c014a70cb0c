"""Reconciler compares a MongoDB source with its PostgreSQL target and says which domains may flip."""

__version__ = "0.1.0"

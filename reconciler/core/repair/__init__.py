"""Repair plans: what would make a record equal in both stores, as text for a person to review and run."""

"""Why records differ: what the diffs of a cluster have in common, when they began, and what to do next."""

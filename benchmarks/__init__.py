"""The figures of the README, measured in one run, against a drain of both stores and the obvious loop."""

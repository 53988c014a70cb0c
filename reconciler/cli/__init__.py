"""The command line: `main` turns whatever happens into one of the exit codes that CONTRACT.md promises."""

from reconciler.cli.main import main

__all__ = ["main"]

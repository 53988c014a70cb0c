"""Which code this is: the version, and a digest of the sources, so that evidence lapses with the code it ran under."""

import hashlib
from functools import cache
from pathlib import Path

from reconciler import __version__

PACKAGE = Path(__file__).resolve().parents[1]
JUDGING = (
    "core/**/*.py", "app/**/*.py", "adapters/mongo/**/*.py", "adapters/postgres/**/*.py", "adapters/pieces.py",
)  # fmt: skip


def judging() -> list[Path]:
    """The files of all that reads, compares and judges, in one order."""
    return [path for pattern in JUDGING for path in sorted(PACKAGE.glob(pattern))]


@cache
def code_version() -> str:
    """`0.1.0+1a2b3c4d5e6f`: the digest covers what reads, compares and judges, not the pages and the command line."""
    digest = hashlib.sha256()
    for path in judging():
        digest.update(path.relative_to(PACKAGE).as_posix().encode())
        digest.update(path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"

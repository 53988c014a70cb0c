"""What mutation testing found, module by module, from the results that mutmut left in `mutants/`."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

RESULTS = Path("mutants/reconciler/core")
SURVIVED, UNTESTED = 0, 33
KILLED = frozenset({1, 3})
OUT_OF_TIME = frozenset({-24, 24, 36, 152, 255})
COLUMNS = ("killed", "out of time", "survived", "untested", "not run")


def fate(code: int | None) -> str:
    """What became of a mutant, by the exit code of its tests; one that was stopped by the clock was noticed."""
    if code is None:
        return "not run"
    if code in KILLED:
        return "killed"
    if code in OUT_OF_TIME:
        return "out of time"
    return {SURVIVED: "survived", UNTESTED: "untested"}.get(code, "not run")


def modules(folder: Path) -> Iterator[tuple[str, Counter[str]]]:
    """Each mutated module with how many mutants had which fate."""
    for path in sorted(folder.glob("*.py.meta")):
        codes: Mapping[str, int | None] = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
        if codes:
            yield path.name.removesuffix(".py.meta"), Counter(map(fate, codes.values()))


def rate(found: Counter[str]) -> str:
    """The share of noticed mutants among those that were run; nothing where none was."""
    noticed, run = found["killed"] + found["out of time"], found.total() - found["not run"]
    return f"{noticed / run:.1%}" if run else ""


def line(name: str, found: Counter[str]) -> str:
    """A line of the table."""
    cells = [name, str(found.total()), *(str(found[column]) for column in COLUMNS), rate(found)]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Prints the table; 1 where there is nothing to tell."""
    found = dict(modules(RESULTS))
    if not found:
        print(f"expected mutmut's results in {RESULTS}, found none. Next: make mutation", file=sys.stderr)
        return 1
    print(f"| module | mutants | {' | '.join(COLUMNS)} | noticed |")
    print(f"|---|{'--:|' * (len(COLUMNS) + 2)}")
    for name, counts in found.items():
        print(line(name, counts))
    whole: Counter[str] = sum(found.values(), Counter())
    print(line("all", whole))
    return 0


if __name__ == "__main__":
    sys.exit(main())

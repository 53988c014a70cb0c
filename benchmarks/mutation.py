"""What mutation testing found, module by module, from what mutmut left in `mutants/`; or mutants drawn at random."""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.core.sampling import most_differing

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


def modules(folder: Path, drawn: frozenset[str] | None = None) -> Iterator[tuple[str, Counter[str]]]:
    """Each mutated module with how many mutants had which fate; of a draw, the others count as not run."""
    for path in sorted(folder.rglob("*.py.meta")):
        codes = exit_codes(path)
        if codes:
            told = (code if drawn is None or name in drawn else None for name, code in codes.items())
            yield module_of(path, folder), Counter(map(fate, told))


def module_of(path: Path, folder: Path) -> str:
    """`repair.sql` for the results of that module of `reconciler/core`."""
    return ".".join(path.relative_to(folder).parts).removesuffix(".py.meta")


def exit_codes(path: Path) -> Mapping[str, int | None]:
    """The mutants of a module, by name, with the exit code of their tests; None for one that was not run."""
    codes: Mapping[str, int | None] = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


def rate(found: Counter[str]) -> str:
    """The share of noticed mutants among those that were run; nothing where none was."""
    noticed, run = found["killed"] + found["out of time"], found.total() - found["not run"]
    return f"{noticed / run:.1%}" if run else ""


def bound(found: Counter[str]) -> str:
    """What a draw says of all mutants: exact, by the same rule as a sample of records; empty where all were run."""
    run, gone = found.total() - found["not run"], found["survived"] + found["untested"]
    if not found["not run"] or not run:
        return ""
    most = most_differing(population=found.total(), sampled=run, found=gone)
    return (
        f"\nIf these {run} were drawn at random, at least {1 - most / found.total():.1%} of all are noticed, at 95 %."
    )


def line(name: str, found: Counter[str]) -> str:
    """A line of the table."""
    cells = [name, str(found.total()), *(str(found[column]) for column in COLUMNS), rate(found)]
    return f"| {' | '.join(cells)} |"


def draw(folder: Path, *, size: int, seed: int) -> list[str]:
    """The names of so many mutants, each as likely as any other; the same ones for the same seed and code."""
    names = (name for path in folder.rglob("*.py.meta") for name in exit_codes(path))
    return random.Random(seed).sample(sorted(names), size)


def main() -> int:
    """Prints the table, or the names drawn with `--draw`; 1 where mutmut left nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", type=int, metavar="N", help="print the names of N mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=7, help="of the draw; 7 where none is given")
    parser.add_argument("--told", action="store_true", help="with --draw: print the table of these mutants instead")
    wanted = parser.parse_args()
    found = dict(modules(RESULTS))
    if not found:
        print(f"expected mutmut's results in {RESULTS}, found none. Next: make mutation", file=sys.stderr)
        return 1
    drawn = draw(RESULTS, size=wanted.draw, seed=wanted.seed) if wanted.draw else []
    if drawn and not wanted.told:
        print(*drawn, sep="\n")
        return 0
    if drawn:
        found = dict(modules(RESULTS, frozenset(drawn)))
    tell(found)
    return 0


def tell(found: Mapping[str, Counter[str]]) -> None:
    """Prints the table, a line for each module of which anything was run."""
    print(f"| module | mutants | {' | '.join(COLUMNS)} | noticed |")
    print(f"|---|{'--:|' * (len(COLUMNS) + 2)}")
    for name, counts in found.items():
        if counts.total() > counts["not run"]:
            print(line(name, counts))
    whole: Counter[str] = sum(found.values(), Counter())
    print(line("all", whole))
    print(bound(whole))


if __name__ == "__main__":
    sys.exit(main())

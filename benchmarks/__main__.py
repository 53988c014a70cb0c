"""`python -m benchmarks [RECORDS …]`: the measures to reach, and a table a size, always as ratios of the same run."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.measures import Sized, sized
from benchmarks.reports import Timed, help_text, overview
from benchmarks.tables import Goal, faces_table, goals, goals_table, size_table
from reconciler import __version__

SIZES = (30_000, 300_000)
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- figures: written by `python -m benchmarks --readme` -->\n", "<!-- end of figures -->\n"


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("records", nargs="*", type=int, help=f"records on each side (default: {SIZES[0]} {SIZES[1]})")
    parser.add_argument("--repeat", type=int, default=3, help="how often the cheap measures are taken (default: 3)")
    parser.add_argument("--no-faces", action="store_true", help="leave out the overview and --help")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write everything that was measured to a file")
    parser.add_argument("--readme", action="store_true", help="write the tables into benchmarks/README.md")
    return parser.parse_args()


def report(sizes: Sequence[Sized], faces: dict[str, Timed], found: Sequence[Goal], loads: tuple[float, float]) -> str:
    """Machine, date and tables in Markdown."""
    when = f"{datetime.now(UTC):%Y-%m-%d}, reconciler {__version__}"
    busy = f"load of the machine before {loads[0]:.1f}, after {loads[1]:.1f}"
    parts = [f"{when}, on {machine.described()}; {busy}.", goals_table(found), *map(size_table, sizes)]
    return "\n\n".join([*parts, *([faces_table(faces)] if faces else [])]) + "\n"


def write_readme(text: str) -> None:
    """Puts the tables between their marks."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2], encoding="utf-8")


def main() -> None:
    """Measures, prints, and writes what was asked for."""
    asked, before = arguments(), machine.load()
    faces = {} if asked.no_faces else {"help": help_text(), "overview": overview()}
    sizes = [asyncio.run(sized(records, repeat=asked.repeat)) for records in asked.records or SIZES]
    found = goals(sizes, faces)
    text = report(sizes, faces, found, (before, machine.load()))
    print(text)
    if asked.readme:
        write_readme(text)
    if asked.json:
        known: dict[str, object] = {"machine": machine.described(), "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        known |= {"goals": [asdict(one) | {"ratio": one.ratio, "met": one.met} for one in found]}
        known |= {"sizes": [asdict(one) for one in sizes], "faces": {name: asdict(one) for name, one in faces.items()}}
        asked.json.write_text(json.dumps(known, indent=1), encoding="utf-8")


main()

"""The machine that was measured on, and what its processes have used; CPU of other processes is told on Linux only."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PARENT, OWN_TIMES = 1, slice(11, 15)  # of /proc/<pid>/stat, behind the command's name


def described() -> str:
    """Processor, cores, memory, system and Python in one line."""
    cores = os.cpu_count() or 0
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    return f"{_processor()}, {cores} cores, {memory:.0f} GB, {system}, Python {python}"


def _processor() -> str:
    """The processor's name, as far as the system tells it."""
    info = PROC / "cpuinfo"
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "processor unknown"


def load() -> float:
    """How many processes wanted a core during the last minute."""
    return os.getloadavg()[0]


def cpu_seconds(pid: int) -> float | None:
    """CPU that a process, its children and those that ended have used; None where the system does not tell."""
    if not PROC.exists():
        return None
    stats = dict(_stats(PROC.glob("[0-9]*/stat")))
    family = [pid, *(child for child, stat in stats.items() if int(stat[PARENT]) == pid)]
    return sum(sum(map(int, stats[one][OWN_TIMES])) for one in family if one in stats) / TICKS


def _stats(paths: Iterable[Path]) -> Iterable[tuple[int, list[str]]]:
    """The fields of each process that is still there."""
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(path.parent.name), text.rpartition(")")[2].split()

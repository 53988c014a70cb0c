"""The command line in a real terminal and in a real shell: it fits, it colours where it may, and it completes."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.acceptance.command import SCRIPT, CommandLine, command_line

pytestmark = pytest.mark.acceptance

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
TYPED = """
{script}
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_reconciler_completion reconciler
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def reconciler(tmp_path: Path) -> CommandLine:
    """A command line without a store: what is looked at here is stored, or not even that."""
    return command_line(
        mongodb_uri="mongodb://127.0.0.1:9/shop", pg_url="postgresql://127.0.0.1:9/shop", folder=tmp_path
    )


def in_terminal(reconciler: CommandLine, *arguments: str, columns: int, **environment: str) -> str:
    """What a terminal of that width is sent."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    given = {**reconciler.environment, "TERM": "xterm", **environment}
    with subprocess.Popen(
        [str(SCRIPT), *arguments],
        cwd=reconciler.folder,
        env=given,
        stdin=follower,
        stdout=follower,
        stderr=subprocess.PIPE,
    ):
        os.close(follower)
        heard = b""
        while chunk := _read(leader):
            heard += chunk
    os.close(leader)
    return heard.decode().replace("\r\n", "\n")


def _read(leader: int) -> bytes:
    """What came; nothing once the other end is closed."""
    try:
        return os.read(leader, 65_536)
    except OSError:
        return b""


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("arguments", [("gate", "address"), ("gate",), ("config", "show"), ("plan",), ("--help",)])
def test_answers_fit_the_terminal(reconciler: CommandLine, arguments: tuple[str, ...], columns: int) -> None:
    told = ESCAPE.sub("", in_terminal(reconciler, *arguments, columns=columns))
    assert told
    wide = [line for line in told.splitlines() if len(line) > columns]
    assert [line for line in wide if "reconciler " not in line] == [], "but a command is left whole"


def test_colour_is_for_terminals_and_for_who_asks(reconciler: CommandLine) -> None:
    assert ESCAPE.search(in_terminal(reconciler, "gate", columns=100))
    assert not ESCAPE.search(in_terminal(reconciler, "gate", columns=100, NO_COLOR="1"))
    assert not ESCAPE.search(in_terminal(reconciler, "gate", columns=100, TERM="dumb"))
    assert not ESCAPE.search(reconciler("gate").stdout)
    assert ESCAPE.search(reconciler("gate", FORCE_COLOR="1").stdout)
    assert not ESCAPE.search(reconciler("gate", "--format", "json", FORCE_COLOR="1").stdout)


def test_the_last_lines_are_the_tally_and_the_next_command(reconciler: CommandLine) -> None:
    *_, tally, following = reconciler("gate").stdout.splitlines()
    assert re.fullmatch(r"(\d+ \w+, )+exit 3", tally)
    assert re.fullmatch(r"Next: reconciler gate \w+", following)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("reconciler ga", {"gate"}),
        ("reconciler gate addr", {"address"}),
        ("reconciler run --mode s", {"sample", "scan"}),
        ("reconciler diffs list --domain pay", {"payment"}),
    ],
)
def test_bash_completes(reconciler: CommandLine, words: str, found: set[str]) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    script = reconciler("completion", "bash").ended(0).stdout
    path = f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"
    said = subprocess.run(
        [bash, "-c", TYPED.format(script=script, words=words)], cwd=reconciler.folder, check=True, capture_output=True,
        text=True, env={**reconciler.environment, "PATH": path},
    )  # fmt: skip
    assert set(said.stdout.split()) == found, said.stderr
    assert not list(Path(reconciler.folder).rglob("*.db")), "nothing was opened for it"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_get_a_script_of_their_own(reconciler: CommandLine, shell: str) -> None:
    script = reconciler("completion", shell).ended(0).stdout
    assert f"_RECONCILER_COMPLETE={shell}_complete" in script


def test_help_loads_no_driver_and_no_server() -> None:
    code = (
        "import sys\n"
        "from reconciler.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.partition('.')[0] in "
        "('motor', 'pymongo', 'asyncpg', 'aiohttp', 'pydantic', 'rich', 'jinja2', 'sqlite3', 'deepdiff')])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert said.stdout.splitlines()[-1] == "[]"

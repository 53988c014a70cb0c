"""The rules of the house that no linter knows: documentation, locks, names and sizes."""

import ast
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted((ROOT / "reconciler").rglob("*.py"))
CODE = MODULES + [path for folder in ("tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
LOCKS = ("runtime", "dev")

MAX_LINES = 500
NAMELESS_NAMES = {"utils", "helpers", "common", "base", "manager"}
# In two halves, so that this file does not find itself.
PACKAGE_HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com"]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", ".lib" + "rary/"]
REGISTRY_SETTING = re.compile(r'(index[-_]url|registry|resolved)"?[ =:]+"?https?://', re.IGNORECASE)

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]+`")
MAKE_CALL = re.compile(r"(?:^|[`\s;&|$])make[ \t]+(?:-\S+[ \t]+)*([a-z][a-z-]*)")
RELATIVE_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")
MAKE_TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)
LOCKED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def told(path: Path) -> str:
    return str(path.relative_to(ROOT))


def files_to_commit() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are tracked is unknown")
    listing = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True
    )
    named = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in named if path.is_file()]


def locked(lock: str) -> dict[str, tuple[str, str]]:
    """Give version and the lines that follow, by canonical name."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    return {canonicalize_name(name): (version, rest) for name, version, rest in LOCKED.findall(text)}


def declared(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines]


def make_calls(page: str) -> set[str]:
    code = "\n".join(FENCED.findall(page) + INLINE_CODE.findall(FENCED.sub("", page)))
    return set(MAKE_CALL.findall(code))


def test_no_file_names_a_package_host_or_a_path_of_one_machine() -> None:
    found = []
    for path in files_to_commit():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{told(path)}: {word}" for word in PACKAGE_HOSTS + MACHINE_PATHS if word in text]
        found += [f"{told(path)}: {match.group()}" for match in REGISTRY_SETTING.finditer(text)]
    assert found == []


def test_every_make_target_that_a_page_names_exists() -> None:
    targets = set(MAKE_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    calls = {told(page): make_calls(page.read_text(encoding="utf-8")) for page in PAGES}
    assert {"demo", "test"} <= calls["README.md"], "README.md says how to start and how to test"
    assert {page: sorted(named - targets) for page, named in calls.items() if named - targets} == {}


def test_every_relative_link_leads_to_a_file() -> None:
    dead = [
        f"{told(page)}: {link}"
        for page in PAGES
        for link in RELATIVE_LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8")))
        if not (page.parent / link).exists()
    ]
    assert dead == []


def test_every_module_opens_with_a_sentence() -> None:
    assert MODULES, "no module found below reconciler/"
    docstrings = {told(path): ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in MODULES}
    assert [path for path, text in docstrings.items() if not text or not text.split("\n\n")[0].endswith(".")] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    nameless = [told(path) for path in CODE if NAMELESS_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)]
    assert nameless == []


def test_no_file_is_longer_than_a_reader_bears() -> None:
    lengths = {told(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_carries_hashes_and_no_address(lock: str) -> None:
    packages = locked(lock)
    assert packages, f"requirements/{lock}.txt locks nothing"
    assert [name for name, (_, rest) in packages.items() if "--hash=sha256:" not in rest] == []
    text = (ROOT / "requirements" / f"{lock}.txt").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "://" in line or line.startswith("-")] == []


@pytest.mark.parametrize(("lock", "extras"), [("runtime", ()), ("dev", ("sandbox", "dev"))])
def test_the_lock_satisfies_pyproject(lock: str, extras: tuple[str, ...]) -> None:
    packages = locked(lock)
    stale = [
        str(requirement)
        for requirement in declared(*extras)
        if not requirement.specifier.contains(packages.get(canonicalize_name(requirement.name), ("0", ""))[0])
    ]
    assert stale == [], "run make lock"


def test_what_runs_is_what_is_tested() -> None:
    tested = {name: version for name, (version, _) in locked("dev").items()}
    apart = {name: version for name, (version, _) in locked("runtime").items() if tested.get(name) != version}
    assert apart == {}, "run make lock"

"""The real command line as a process, with an environment that holds nothing but what the test gives it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(sys.executable).with_name("reconciler")
SCHEMAS = ROOT / "tests" / "schemas"
SAME_BY_EVERY_METHOD = ("source_records", "target_records", "compared", "softened", "ignored", "tolerated")
PATIENCE_S = 180.0
QUICK = {"RECONCILER_RUNS__CONFIRM_AFTER": "1s", "RECONCILER_RUNS__GIVE_UP_AFTER": "5s"}
TERMINAL_CODES = re.compile(r"\x1b")


@cache
def schema(name: str) -> Validator:
    """The validator of `tests/schemas/<name>.schema.json`, which takes formats seriously."""
    shape = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(shape)
    return Draft202012Validator(shape, format_checker=Draft202012Validator.FORMAT_CHECKER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A command that has ended: its exit code and what it printed."""

    arguments: Sequence[str]
    code: int
    stdout: str
    stderr: str

    def ended(self, code: int) -> Self:
        """Itself, after making sure of the exit code."""
        assert self.code == code, f"reconciler {' '.join(self.arguments)}: {self.code}\n{self.stdout}\n{self.stderr}"
        return self

    def json(self, *, like: str = "") -> Any:  # noqa: ANN401 - JSON
        """Standard output as one JSON value, of the shape `like` if given."""
        value = json.loads(self.stdout)
        if like:
            schema(like).validate(value)
        return value

    def lines(self, *, like: str = "") -> list[dict[str, Any]]:
        """Standard output as a JSON value a line, each of the shape `like` if given."""
        values = [json.loads(line) for line in self.stdout.splitlines()]
        for value in values if like else ():
            schema(like).validate(value)
        return values

    @property
    def said(self) -> str:
        """Everything printed."""
        return self.stdout + self.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """`reconciler` with its environment; calling it runs a command to its end."""

    environment: Mapping[str, str]
    folder: Path
    heard: list[Finished] = field(default_factory=list)

    def __call__(self, *arguments: str, **environment: str | None) -> Finished:
        """Run one command; None takes a variable away."""
        with self.started(*arguments, **environment) as process:
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
        finished = Finished(arguments=arguments, code=process.returncode, stdout=stdout, stderr=stderr)
        self.heard.append(finished)
        return finished

    @contextmanager
    def started(self, *arguments: str, **environment: str | None) -> Iterator["subprocess.Popen[str]"]:
        """A command that goes on while the context is open, and is killed if it outlives it."""
        merged: dict[str, str | None] = {**self.environment, **environment}
        process = subprocess.Popen(
            [str(SCRIPT), *arguments],
            cwd=self.folder,
            env={name: value for name, value in merged.items() if value is not None},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        with process:
            try:
                yield process
            finally:
                process.kill()

    def given(self, **environment: str) -> Self:
        """The same command line with more in its environment."""
        return replace(self, environment={**self.environment, **environment})

    def with_config(self, file: str, before: str, after: str) -> Self:
        """The same command line on a copy of the configuration with one change in one file."""
        folder = self.folder / "config"
        shutil.copytree(self.environment["RECONCILER_CONFIG"], folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert before in text
        (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
        return self.given(RECONCILER_CONFIG=str(folder))

    @property
    def reports(self) -> Path:
        return Path(self.environment["RECONCILER_REPORTS"])

    def run(self, *arguments: str, code: int, **environment: str | None) -> dict[str, Any]:
        """`reconciler run --format json` that has to end with this code; standard output is JSON and nothing else."""
        document: dict[str, Any] = (
            self("run", *arguments, "--format", "json", **environment).ended(code).json(like="run")
        )
        return document

    def gate(self, domain: str, *arguments: str, code: int, **environment: str | None) -> dict[str, Any]:
        """`reconciler gate DOMAIN --format json` that has to end with this code."""
        answer = self("gate", domain, *arguments, "--format", "json", **environment)
        document: dict[str, Any] = answer.ended(code).json(like="gate")
        return document

    def diffs(self, *arguments: str) -> list[dict[str, Any]]:
        """`reconciler diffs list --format jsonl`."""
        return self("diffs", "list", *arguments, "--format", "jsonl").ended(0).lines(like="diff")


def command_line(*, mongodb_uri: str, pg_url: str, folder: Path) -> CommandLine:
    """The command line for two stores, with a reports folder inside `folder` and quick re-reading."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") if name in os.environ}
    environment = {
        **kept,
        **QUICK,
        "USER": "tester",
        "LC_ALL": "C.UTF-8",
        "MONGODB_URI": mongodb_uri,
        "PG_URL": pg_url,
        "RECONCILER_CONFIG": str(ROOT / "config"),
        "RECONCILER_REPORTS": str(folder / "reports"),
    }
    return CommandLine(environment=environment, folder=folder)


def entities(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The entities of a run's JSON, by name."""
    return {entity["entity"]: entity for domain in document["domains"] for entity in domain["entities"]}


def counts(entity: Mapping[str, Any]) -> dict[str, Any]:
    """What a scan by any method counts alike: of records that have expired it may see some more or less."""
    outcomes = {outcome: count for outcome, count in entity["outcomes"].items() if outcome != "out_of_scope"}
    return {name: entity[name] for name in SAME_BY_EVERY_METHOD} | outcomes


def results(gate: Mapping[str, Any]) -> dict[str, str]:
    """The results of a gate's checks, by name."""
    return {check["name"]: check["result"] for check in gate["checks"]}

"""Every error that reconciler raises on purpose, each with the exit code that CONTRACT.md gives it."""

from typing import ClassVar


class ReconcilerError(Exception):
    """What a person reads when something stops: the object, what was expected, what came, and what to do next."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, *, expected: str = "", got: str = "", next_step: str = "") -> None:
        """Keeps the parts; `str()` joins them into a text that holds no value of a record and no credential."""
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.got = got
        self.next_step = next_step

    def __str__(self) -> str:
        """One sentence for each part that is known."""
        parts = [self.message]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.got:
            parts.append(f"got {self.got}")
        text = "; ".join(parts)
        return f"{text}. Next: {self.next_step}" if self.next_step else text


class UsageError(ReconcilerError):
    """The command line or a request asks for something that cannot be."""

    exit_code = 2


class InvalidSpec(ReconcilerError):
    """A specification that cannot be built: a key that is no field, a scale below zero."""

    exit_code = 2


class ConfigurationError(ReconcilerError):
    """The configuration has mistakes; `problems` holds a line for each mistake of every file."""

    exit_code = 2

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Takes every mistake found: `file: key: expected …, got …`."""
        count = f"{len(problems)} mistake{'s' if len(problems) != 1 else ''}"
        super().__init__(
            f"configuration has {count}", next_step="mend the lines named, then `reconciler config validate`"
        )
        self.problems = problems

    def __str__(self) -> str:
        """The mistakes, a line each, below the count."""
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems), f"Next: {self.next_step}"])


class StoreUnavailable(ReconcilerError):
    """A store that cannot be reached, refuses the login, or stopped answering."""


class StoreRefused(ReconcilerError):
    """A store that reconciler will not use: a host off the allow-list, an account that can write, no TLS."""

    exit_code = 2


class ReadInterrupted(StoreUnavailable):
    """A read that began and did not come to its end; nothing of it may count as the whole."""


class PlanRefused(ReconcilerError):
    """A store would read a large table from end to end for each part of a scan, so the scan was not begun."""


class KeysOutOfOrder(ReconcilerError):
    """A store delivered keys in another order than the merge needs, so no pair can be trusted."""


class BackendUnreadable(ReconcilerError):
    """The backend's health page can't be reached, or does not tell what stores are read."""


class AlreadyRunning(ReconcilerError):
    """Another run of the domain holds its lock."""


class ReportStoreError(ReconcilerError):
    """The report database cannot be opened, read or written."""


class EvidenceMoved(ReconcilerError):
    """An approval names evidence that is no longer the domain's evidence."""

    exit_code = 2


class Conflict(UsageError):
    """What is asked for contradicts what is so already."""


class NotFound(UsageError):
    """A run, diff, cluster, domain or entity that does not exist."""


class NotSignedIn(ReconcilerError):
    """A request or command that does not say who gives it, or says it with something that does not hold."""

    exit_code = 2


class AccessDenied(UsageError):
    """Who asks has not the right that it takes."""


class TokenRefused(ReconcilerError):
    """A signed answer that does not hold: forged, no longer fresh, or about something else."""

    exit_code = 3


class OutputRefused(ReconcilerError):
    """A file that an answer was to be written to, and cannot be."""


class SandboxUnavailable(ReconcilerError):
    """The embedded servers cannot be started on this machine."""


class Interrupted(ReconcilerError):
    """The process was told to stop; what was finished is saved."""

    exit_code = 130

    def __init__(self, *, signal_number: int, next_step: str) -> None:
        """`signal_number` as the operating system numbers it; the exit code is 128 more."""
        super().__init__("stopped by a signal", next_step=next_step)
        self.signal_number = signal_number


class OutOfTime(ReconcilerError):
    """A run has used up its time; it ends as interrupted, and can be resumed."""

    exit_code = 3

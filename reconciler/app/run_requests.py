"""What people ask to be run, in their words, as a request: which domains, and which keys of which entities."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.app.looks import RunRequest
from reconciler.app.ports import DiffFilter, StoredDiff, StoredRun
from reconciler.core.model import OPEN_STATES, Mode
from reconciler.core.spec import DomainSpec, System
from reconciler.errors import NotFound, UsageError


class Diffs(Protocol):
    """The part of `ReportStore` that differences are read from."""

    def diffs(self, wanted: DiffFilter) -> AsyncIterator[StoredDiff]:
        """As `ReportStore.diffs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """A run as it is asked for; `domains` may be `domain.entity` where keys are named, none means every comparable one.

    Without a mode it is a scan, or `keys` where keys are named.
    """

    domains: tuple[str, ...] = ()
    mode: Mode | None = None
    sample: int | None = None
    seed: int | None = None
    keys: tuple[str, ...] = ()


def run_request(system: System, wish: RunWish, *, trigger: str, sample: int) -> RunRequest:
    """The request; `sample` is the size where none is asked for. Raises UsageError, and NotFound for strangers."""
    mode = wish.mode or (Mode.KEYS if wish.keys else Mode.SCAN)
    if bool(wish.keys) != (mode is Mode.KEYS):
        raise UsageError("keys and the mode keys go together", expected="both or neither", got=f"the mode {mode.value}")
    known_domains(system, wish.domains)
    domains = chosen_domains(system, wish.domains, mode)
    return RunRequest(
        domains=domains,
        mode=mode,
        trigger=trigger,
        sample=wish.sample or sample,
        seed=wish.seed,
        keys=dict.fromkeys(entities_named(domains, wish.domains), wish.keys) if wish.keys else {},
    )


def same_again(system: System, run: StoredRun, *, trigger: str, sample: int) -> RunRequest:
    """The request that makes a run again: its domains, its mode, its seed. Raises UsageError where it named keys."""
    if run.mode is Mode.KEYS:
        raise UsageError(
            f"run {run.id} compared named keys", expected="a sample or a scan", got="keys",
            next_step=f"`reconciler run --mode keys --keys run:{run.id}` compares what differed then",
        )  # fmt: skip
    wish = RunWish(domains=tuple(part.domain for part in run.domains), mode=run.mode, seed=run.seed)
    return run_request(system, wish, trigger=trigger, sample=sample)


async def only_what_differs(system: System, run: StoredRun, *, store: Diffs, trigger: str) -> RunRequest:
    """The request that compares the records that were open in a run; UsageError where there are none."""
    names = tuple(part.domain for part in run.domains)
    known_domains(system, names)
    domains = chosen_domains(system, names, Mode.KEYS)
    keys = await keys_of_run(store, run.id, entities_named(domains, ()))
    if not any(keys.values()):
        raise UsageError(f"run {run.id}", expected="an open difference to look at again", got="none")
    return RunRequest(domains=domains, mode=Mode.KEYS, trigger=trigger, keys=keys)


async def keys_of_run(store: Diffs, run_id: int, entities: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The keys of the differences open in a run, by entity."""
    found: dict[str, list[str]] = {name: [] for name in entities}
    async for diff in store.diffs(DiffFilter(run=run_id, states=tuple(OPEN_STATES))):
        if diff.entity in found:
            found[diff.entity].append(diff.key)
    return {name: tuple(keys) for name, keys in found.items()}


def known_domains(system: System, names: Sequence[str]) -> None:
    """Refuses names of no domain: NotFound."""
    known = [domain.name for domain in system.domains]
    strangers = [name for name in names if name.partition(".")[0] not in known]
    if strangers:
        raise NotFound(
            "no such domain", expected=f"one of {', '.join(known)}", got=repr(strangers[0][:64]),
            next_step="`reconciler config show` lists them",
        )  # fmt: skip


def chosen_domains(system: System, names: Sequence[str], mode: Mode) -> tuple[DomainSpec, ...]:
    """The domains named, each once; every comparable one where none is."""
    if not names:
        return system.comparable
    dotted = [name for name in names if "." in name]
    if dotted and mode is not Mode.KEYS:
        raise UsageError(
            f"{dotted[0][:128]} names an entity", expected="domains, or keys with an entity", got=dotted[0][:128]
        )
    return tuple(system.domain(name) for name in dict.fromkeys(name.partition(".")[0] for name in names))


def entities_named(domains: Sequence[DomainSpec], names: Sequence[str]) -> tuple[str, ...]:
    """The entities that `domain.entity` names, every entity of the domains where none does. Raises NotFound."""
    wanted = {name.partition(".")[2] for name in names if "." in name}
    known = [entity.name for domain in domains for entity in domain.entities]
    strangers = sorted(wanted - set(known))
    if strangers:
        raise NotFound("no such entity", expected=f"one of {', '.join(known)}", got=repr(strangers[0][:64]))
    return tuple(name for name in known if not wanted or name in wanted)

"""Noting which configuration is in force: a version of each domain, as runs, gates and the service come to see it."""

from collections.abc import Iterable

from reconciler.app.ports import Clock, ReportStore
from reconciler.core.spec import DomainSpec
from reconciler.core.versions import version_of


async def note_configurations(domains: Iterable[DomainSpec], *, store: ReportStore, clock: Clock) -> None:
    """Stores the version of each comparable domain that is not the newest stored one already."""
    for domain in domains:
        if domain.comparable:
            version = version_of(domain, clock.now())
            known = await store.config_versions(domain.name, limit=1)
            if not known or not known[0].same_as(version):
                await store.note_config_version(version)

"""The health page: the service itself, its report store, and what is configured; the stores are doctor's to judge."""

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.wording import number
from reconciler.web.services import WebServices


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    """What is known about the service, as label and text."""

    service: tuple[tuple[str, str], ...]
    newest_run: int | None
    newest_at: datetime | None
    identities: tuple[tuple[str, str], ...]


async def health_page(services: WebServices) -> HealthPage:
    """Reads the report store once; raises ReportStoreError where that cannot be done."""
    newest = await services.store.runs(limit=1)
    domains = services.system.domains
    identities = {key: text for run in newest for part in run.domains for key, text in part.identities.items()}
    return HealthPage(
        service=(
            ("Version", services.version),
            ("Report store", "readable"),
            ("Domains", f"{number(len(services.system.comparable))} of {number(len(domains))} comparable"),
            ("Flags", number(sum(bool(domain.flip) for domain in domains))),
            ("Schedule", "kept by this process" if services.scheduled else "none in this process"),
            ("Table of dual-write gaps", services.system.gaps_table or "none configured"),
        ),
        newest_run=newest[0].id if newest else None,
        newest_at=newest[0].started_at if newest else None,
        identities=tuple(sorted(identities.items())),
    )

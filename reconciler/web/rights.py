"""The one table of what each address takes: the right that a request needs, or none where it is open to everyone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from reconciler.core.access import Right

RIGHTS: Final[Mapping[tuple[str, str], Right | None]] = MappingProxyType(
    {
        # pages
        ("GET", "/"): Right.VIEW,
        ("GET", "/domains/{domain}"): Right.VIEW,
        ("GET", "/runs"): Right.VIEW,
        ("GET", "/runs/{id}"): Right.VIEW,
        ("GET", "/diffs"): Right.VIEW,
        ("GET", "/diffs/{id}"): Right.VIEW,
        ("GET", "/clusters"): Right.VIEW,
        ("GET", "/clusters/{id}"): Right.VIEW,
        ("GET", "/cutover"): Right.VIEW,
        ("GET", "/audit"): Right.VIEW,
        ("GET", "/audit.csv"): Right.VIEW,
        ("GET", "/audit.jsonl"): Right.VIEW,
        ("GET", "/schedule"): Right.VIEW,
        ("GET", "/health"): Right.VIEW,
        ("GET", "/domains/{domain}/record"): Right.VIEW,
        ("GET", "/login"): None,
        ("POST", "/login"): None,
        ("POST", "/logout"): None,
        ("GET", "/login/oidc"): None,
        ("GET", "/login/oidc/callback"): None,
        ("GET", "/static"): None,
        # pages by suffix
        ("GET", "/overview.json"): Right.VIEW,
        ("GET", "/domains/{domain}.json"): Right.VIEW,
        ("GET", "/domains/{domain}.md"): Right.VIEW,
        ("GET", "/domains/{domain}/record.{form}"): Right.VIEW,
        ("GET", "/runs.json"): Right.VIEW,
        ("GET", "/runs.csv"): Right.VIEW,
        ("GET", "/runs/{id}.json"): Right.VIEW,
        ("GET", "/runs/{id}.md"): Right.VIEW,
        ("GET", "/diffs.json"): Right.VIEW,
        ("GET", "/diffs.csv"): Right.VIEW,
        ("GET", "/diffs/{id}.json"): Right.VIEW,
        ("GET", "/clusters.json"): Right.VIEW,
        ("GET", "/clusters.csv"): Right.VIEW,
        ("GET", "/clusters/{id}.json"): Right.VIEW,
        ("GET", "/schedule.json"): Right.VIEW,
        ("GET", "/cutover.json"): Right.VIEW,
        # JSON
        ("GET", "/api/v1/overview"): Right.VIEW,
        ("GET", "/api/v1/domains"): Right.VIEW,
        ("GET", "/api/v1/domains/{domain}"): Right.VIEW,
        ("GET", "/api/v1/domains/{domain}/gate"): Right.VIEW,
        ("GET", "/api/v1/domains/{domain}/timeline"): Right.VIEW,
        ("GET", "/api/v1/domains/{domain}/gate/assert"): Right.VIEW,
        ("GET", "/api/v1/keys"): Right.VIEW,
        ("GET", "/api/v1/runs"): Right.VIEW,
        ("GET", "/api/v1/runs/{id}/report.{form}"): Right.VIEW,
        ("GET", "/api/v1/runs/{id}"): Right.VIEW,
        ("GET", "/api/v1/diffs"): Right.VIEW,
        ("GET", "/api/v1/diffs/{id}"): Right.VIEW,
        ("GET", "/api/v1/clusters"): Right.VIEW,
        ("GET", "/api/v1/clusters/{id}"): Right.VIEW,
        ("GET", "/api/v1/plan"): Right.VIEW,
        ("GET", "/api/v1/schedule"): Right.VIEW,
        ("GET", "/api/v1/audit"): Right.VIEW,
        ("GET", "/api/v1/audit/verify"): Right.VIEW,
        ("GET", "/api/v1/evidence/{digest}"): Right.VIEW,
        # probes
        ("GET", "/livez"): None,
        ("GET", "/readyz"): None,
        ("GET", "/api/health"): None,
    }
)

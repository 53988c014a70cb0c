"""The list of clusters is narrowed by facets whose counts and addresses agree with what they lead to."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.app.ports import ClusterCount
from reconciler.web.views.clusters import A_PAGE, TOO_MANY, ClustersPage, clusters_page

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cluster(number: int, *, domain: str = "address", path: str | None = "city", owner: str = "") -> ClusterCount:
    return ClusterCount(
        id=f"K-{number}", domain=domain, entity=domain, path=path, kind="value" if path else "missing_in_target",
        title="t", cause="", diffs=number, first_run=1, last_run=1 + number % 2, first_seen_at=NOON, last_seen_at=NOON,
        owner=owner,
    )  # fmt: skip


FOUND = [cluster(1), cluster(2, path=None), cluster(3, domain="review", owner="kim"), cluster(4, domain="review")]


def page(chosen: dict[str, str] | None = None, *, by_field: bool = False) -> ClustersPage:
    return clusters_page(FOUND, chosen or {}, by_field=by_field, start=0)


def test_every_facet_value_leads_to_as_many_clusters_as_it_says() -> None:
    for chosen in ({}, {"domain": "review"}, {"state": "new", "owner": "nobody"}):
        for facet in page(chosen).facets:
            for value in facet.values:
                query = {name: given[0] for name, given in parse_qs(urlsplit(value.href).query).items()}
                led = page(query)
                if value.chosen:
                    assert facet.name not in query
                else:
                    assert led.found == value.count


def test_a_chosen_value_stays_although_nothing_fits() -> None:
    (owner,) = [facet for facet in page({"owner": "kim"}).facets if facet.name == "owner"]
    assert owner.values[0].chosen
    assert page({"owner": "kim", "domain": "address"}).rows == ()


def test_by_field_nothing_is_lost() -> None:
    grouped = page(by_field=True)
    assert sum(row.diffs for row in grouped.fields) == sum(one.diffs for one in FOUND)
    assert sum(row.clusters for row in grouped.fields) == len(FOUND)
    assert grouped.rows == ()


def test_many_clusters_are_paged_and_called_too_many() -> None:
    many = [cluster(number) for number in range(1, TOO_MANY + 2)]
    first = clusters_page(many, {}, by_field=False, start=0)
    assert first.split
    assert len(first.rows) == A_PAGE
    assert first.more == f"/clusters?from={A_PAGE}"
    last = clusters_page(many, {}, by_field=False, start=2 * A_PAGE)
    assert [len(last.rows), last.more] == [1, ""]

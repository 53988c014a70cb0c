"""Clusters as pages show them: the list with its facets, and one cluster with its drawings by age and by run."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from reconciler.app.cluster_stories import ClusterLife, ClusterStory
from reconciler.app.ports import ClusterCount, StoredDiff, StoredField
from reconciler.core.causes.explaining import Symptom, explained
from reconciler.core.spec import EntitySpec
from reconciler.web.views.diffs import field_row
from reconciler.web.visible import Shown
from reconciler.web.words import LIFE, Word, cluster_kind

A_PAGE: Final = 100
TOO_MANY: Final = 200
MOST_VALUES: Final = 12
NOBODY: Final = "nobody"
WHOLE: Final = "whole record"
BAR: Final = 26
HEIGHT: Final = 72


def _life(cluster: ClusterCount) -> str:
    """Whether a cluster was seen by one run only; what its page says besides needs all its runs."""
    return "new" if cluster.first_run == cluster.last_run else "ongoing"


FACETS: Final[Mapping[str, Callable[[ClusterCount], str]]] = {
    "domain": lambda one: one.domain,
    "kind": lambda one: one.kind,
    "field": lambda one: one.path or WHOLE,
    "state": _life,
    "owner": lambda one: one.owner or NOBODY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """A value to narrow the list by, and how many clusters would be left."""

    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One way to narrow the list; `more` is how many values have no room."""

    name: str
    values: tuple[FacetValue, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRow:
    """A cluster in the list: where it stands, and what is likely behind it as far as its diffs share a cause."""

    cluster: ClusterCount
    word: Word
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """All clusters of one field together."""

    entity: str
    field: str
    clusters: int
    diffs: int
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClustersPage:
    """The list as narrowed; `fields` instead of `rows` where it is grouped by field."""

    rows: tuple[ClusterRow, ...]
    fields: tuple[FieldRow, ...]
    facets: tuple[Facet, ...]
    found: int
    total: int
    diffs: int
    narrowed: bool
    by_field: bool
    split: bool
    more: str
    toggle: str


def clusters_page(
    clusters: Sequence[ClusterCount], chosen: dict[str, str], *, by_field: bool, start: int
) -> ClustersPage:
    """The list of these open clusters; `chosen` narrows it by facets, `start` is how many the page skips."""
    kept = [one for one in clusters if _fits(one, chosen)]
    shown = [] if by_field else kept[start : start + A_PAGE]
    grouping = {"by": "field"} if by_field else {}
    return ClustersPage(
        rows=tuple(_row(one) for one in shown),
        fields=_fields(kept) if by_field else (),
        facets=tuple(_facet(name, clusters, chosen, grouping) for name in FACETS),
        found=len(kept),
        total=len(clusters),
        diffs=sum(one.diffs for one in kept),
        narrowed=bool(chosen),
        by_field=by_field,
        split=len(clusters) > TOO_MANY,
        more=_href(chosen | {"from": str(start + A_PAGE)}) if not by_field and len(kept) > start + A_PAGE else "",
        toggle=_href(chosen if by_field else chosen | {"by": "field"}),
    )


def _fits(cluster: ClusterCount, chosen: Mapping[str, str], but: str = "") -> bool:
    """Whether the cluster is what was asked for, whatever one of the facets asks."""
    return all(FACETS[name](cluster) == value for name, value in chosen.items() if name != but)


def _row(cluster: ClusterCount) -> ClusterRow:
    """A cluster without its diffs: what they share is in the cause that they were gathered by."""
    symptom = Symptom(kind=cluster.kind, cause=cluster.cause, path=cluster.path)
    told = explained(symptom, (), looked_at=0)
    return ClusterRow(
        cluster=cluster, word=LIFE[ClusterLife(_life(cluster))], sentence=told.sentence if told.known else ""
    )


def _facet(name: str, clusters: Sequence[ClusterCount], chosen: dict[str, str], more: dict[str, str]) -> Facet:
    """One facet with its values, the most frequent first, and always the one chosen."""
    counts = Counter(FACETS[name](one) for one in clusters if _fits(one, chosen, name))
    mine = chosen.get(name)
    ranked = sorted(counts.items(), key=lambda pair: (pair[0] != mine, -pair[1], pair[0]))
    values = [_value(name, value, count, chosen, more) for value, count in ranked[:MOST_VALUES]]
    return Facet(name=name, values=tuple(values), more=max(0, len(ranked) - MOST_VALUES))


def _value(name: str, value: str, count: int, chosen: dict[str, str], more: dict[str, str]) -> FacetValue:
    """A value with the address that chooses it, or lets it go where it is chosen."""
    on = chosen.get(name) == value
    left = {key: given for key, given in chosen.items() if key != name}
    label = cluster_kind(value) if name == "kind" else value
    return FacetValue(label=label, count=count, href=_href(left | more | ({} if on else {name: value})), chosen=on)


def _href(query: Mapping[str, str]) -> str:
    """The list's own address with that query."""
    return f"/clusters?{urlencode(query)}" if query else "/clusters"


def _fields(clusters: Sequence[ClusterCount]) -> tuple[FieldRow, ...]:
    """Clusters by field, the most diffs first."""
    numbers: Counter[tuple[str, str]] = Counter()
    diffs: Counter[tuple[str, str]] = Counter()
    for one in clusters:
        place = (one.entity, FACETS["field"](one))
        numbers[place] += 1
        diffs[place] += one.diffs
    return tuple(
        FieldRow(entity=entity, field=field, clusters=numbers[entity, field], diffs=count, href=_href({"field": field}))
        for (entity, field), count in diffs.most_common()
    )


# -- one cluster -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBar:
    """A bar of a drawing with its place; `label` is empty where there is no room for it."""

    x: int
    y: float
    height: float
    count: int
    name: str
    label: str
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A drawing of bars, and the same in a sentence."""

    width: int
    bars: tuple[DrawnBar, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A record of the cluster with both sides of the field that it is about; `path` where it has an index."""

    diff: StoredDiff
    path: str
    source: Shown
    target: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPage:
    """One cluster's page."""

    story: ClusterStory
    word: Word
    ages: Bars | None
    trend: Bars | None
    samples: tuple[Sample, ...]


def cluster_page(story: ClusterStory, entity: EntitySpec | None) -> ClusterPage:
    """The page of a cluster; `entity` is None where it is no longer configured."""
    return ClusterPage(
        story=story,
        word=LIFE[story.life],
        ages=_ages(story),
        trend=_trend(story),
        samples=tuple(
            _sample(diff, field, entity) for diff in story.samples for field in _fields_of(story.cluster, diff)
        ),
    )


def _fields_of(cluster: ClusterCount, diff: StoredDiff) -> Iterator[StoredField]:
    """The first field of the diff that belongs to the cluster, if it is about a field."""
    yield from [one for one in diff.fields if one.cluster == cluster.id][:1]


def _sample(diff: StoredDiff, field: StoredField, entity: EntitySpec | None) -> Sample:
    """A record with both sides told apart."""
    row = field_row(field, entity)
    return Sample(diff=diff, path=field.path if "[" in field.path else "", source=row.source, target=row.target)


def _ages(story: ClusterStory) -> Bars | None:
    """How many records were created when; None where no key tells."""
    counts = [(bar.label, bar.count, "") for bar in story.beginning.bars]
    return _bars(counts, text=f"Records by when they were created: {story.beginning.ages}") if counts else None


def _trend(story: ClusterStory) -> Bars | None:
    """How many of its diffs each scan saw; None of one scan alone."""
    if len(story.trend) < 2:  # noqa: PLR2004 - one bar is no trend
        return None
    counts = [(f"run {one.run}", one.diffs, f"/runs/{one.run}") for one in story.trend]
    first, last = story.trend[0], story.trend[-1]
    text = f"Diffs of {story.cluster.id} by scan: {first.diffs:,} in run {first.run}, {last.diffs:,} in run {last.run}"
    return _bars(counts, text=text)


def _bars(counts: Sequence[tuple[str, int, str]], *, text: str) -> Bars:
    """Bars side by side, the highest of full height; the first and the last bear their names."""
    most = max(count for _, count, _ in counts) or 1
    drawn = []
    for place, (name, count, href) in enumerate(counts):
        height = round(count / most * HEIGHT, 1) if count else 0.0
        height = max(2.0, height) if count else 0.0
        edge = place in (0, len(counts) - 1)
        drawn.append(
            DrawnBar(
                x=place * BAR, y=HEIGHT + 16 - height, height=height, count=count, name=name,
                label=name if edge else "", href=href,
            )
        )  # fmt: skip
    return Bars(width=max(8, len(counts)) * BAR, bars=tuple(drawn), text=text)


def tab_title(cluster: ClusterCount) -> str:
    """`(11 open) K-4`."""
    return f"({cluster.diffs} {'open' if cluster.open else 'resolved'}) {cluster.id}"

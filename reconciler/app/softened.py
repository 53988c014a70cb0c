"""How often a rule made raw values equal among the records that a scan by checksums does not look at."""

from collections import Counter
from collections.abc import Sequence

from reconciler.app.tellings import Telling
from reconciler.core.checksum.soft import SoftField, SoftSum, softened, softened_keys
from reconciler.core.checksum.unlike import Unlike
from reconciler.core.checksum.words import KeyRange
from reconciler.core.model import Side
from reconciler.core.spec import EntitySpec


class Softenings:
    """Counts them for one entity, range by range."""

    def __init__(self, entity: EntitySpec, *, source: Telling, target: Telling) -> None:
        """`source` and `target` are what the sums of the scan come from."""
        self._entity = entity
        self._fields = SoftField.of(entity)
        self._source = source
        self._target = target

    async def sums(self, side: Side, key_range: KeyRange) -> Sequence[SoftSum]:
        """What one store says of a range, by field; nothing is asked where no rule can change a value."""
        telling = self._source if side is Side.SOURCE else self._target
        return await telling.softened(key_range) if self._fields else ()

    async def alike(self, key_range: KeyRange, source: Sequence[SoftSum], target: Sequence[SoftSum]) -> Counter[str]:
        """By path, in how many records of a range that both stores tell alike raw values differ."""
        counts = [softened(left, right) for left, right in zip(source, target, strict=True)]
        paths = [field.item.path for field in self._fields]
        found = Counter({path: count for path, count in zip(paths, counts, strict=True) if count})
        if unknown := {path for path, count in zip(paths, counts, strict=True) if count is None}:
            listed = await self._listed(key_range, frozenset())
            found |= Counter({path: count for path, count in listed.items() if path in unknown})
        return found

    async def among(self, key_range: KeyRange, asked: Unlike) -> Counter[str]:
        """The same for a range that differs, but for the records that are looked at one by one."""
        return await self._listed(key_range, frozenset(str(key.parts[0]) for key in asked.keys))

    async def _listed(self, key_range: KeyRange, but: frozenset[str]) -> Counter[str]:
        """Counts the records themselves, but for those whose key begins with one of `but`."""
        if not self._fields:
            return Counter()
        tellings = {Side.SOURCE: self._source, Side.TARGET: self._target}
        lists = {side: await telling.soft_hashes(key_range) for side, telling in tellings.items()}
        return softened_keys(self._entity, lists, but)

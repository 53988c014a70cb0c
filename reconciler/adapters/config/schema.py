"""JSON Schema of the configuration's files, for editors and for `reconciler config schema`."""

from datetime import timedelta
from typing import Final

from pydantic.json_schema import GenerateJsonSchema

from reconciler.adapters.config.cutover import CutoverShape
from reconciler.adapters.config.notify import NotifyShape
from reconciler.adapters.config.service_shape import ServiceShape
from reconciler.adapters.config.shapes import DomainShape, Shape
from reconciler.adapters.config.values import format_duration

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class _AsSpelled(GenerateJsonSchema):
    """Defaults as a file would spell them."""

    def encode_default(self, dft: object) -> object:
        """Durations as `3d`, everything else as pydantic does."""
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def config_schema() -> dict[str, dict[str, object]]:
    """JSON Schema of a domain's file (`domain`), of service.toml (`service`), of cutover.toml and of notify.toml."""
    shapes: dict[str, type[Shape]] = {
        "domain": DomainShape,
        "service": ServiceShape,
        "cutover": CutoverShape,
        "notify": NotifyShape,
    }
    return {
        name: {"$schema": DIALECT, **shape.model_json_schema(schema_generator=_AsSpelled)}
        for name, shape in shapes.items()
    }

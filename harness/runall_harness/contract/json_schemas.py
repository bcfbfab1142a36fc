"""The JSON Schemas that the kit publishes, each of a format with a name and a version."""

from typing import Any

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: Any, title: str) -> dict[str, Any]:
    """The JSON Schema of a msgspec type; `title` is the format's name, as `runall-report/3`."""
    return {"$schema": DIALECT, "title": title} | msgspec.json.schema(kind)

"""The wheel's build hook: a wheel must carry the features, the specification and the systems.

They live at the top of the checkout, where readers look first, and in the wheel inside the two
packages, where the installed command finds them. An editable install reads the checkout itself,
so nothing is copied there.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = {
    "features": "runall_harness/features",
    "docs/zh-CN/features": "runall_harness/features-zh-CN",
    "harness/schedulers": "runall_harness/shipped",
    "reference/SPEC.md": "runall_reference/SPEC.md",
}


class ShipFeaturesAndSpec(BuildHookInterface[Any]):
    """Adds what is not Python to a standard wheel, and fails the build when it is missing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Hatchling calls this before it collects the files."""
        if version == "standard":
            build_data["force_include"].update(SHIPPED)

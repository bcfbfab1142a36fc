"""A reference whose workers write executions of their own into the witness's folder."""

from msgspec.structs import replace
from runall_harness.rigs.base import NodeSpec, Site
from runall_harness.systems.reference.system import Reference

FORGE = """
(
    mkdir "$RUNALL_WITNESS/values/forged-1-0" && cd "$RUNALL_WITNESS/values/forged-1-0"
    printf job >TAG; printf worker-1 >RUNALL_NODE; printf 1 >PID
    : >"$RUNALL_WITNESS/events/forged-1-0.started"
) 2>/dev/null
exec "$@"
"""


class ForgingReference(Reference):
    """The reference, with workers that forge one execution at each start."""

    def node(self, site: Site, name: str, role: str, primaries: tuple[str, ...]) -> NodeSpec:
        spec = super().node(site, name, role, primaries)
        return replace(spec, command=("/bin/sh", "-c", FORGE, "sh", *spec.command))

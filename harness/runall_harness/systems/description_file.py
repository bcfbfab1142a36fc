"""Reads the TOML file that describes a scheduler.

The author of such a file has never seen this code. So an error names the key, the cause and the
next step, and an unknown key is an error too: a misspelt key would otherwise be ignored silently.
"""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import msgspec

from runall_harness.contract.errors import KitCannotRun
from runall_harness.contract.json_schemas import schema_of

from .base import NoPolicy, Timings
from .declared_failures import RACES, TABLE, check_table, read_toml
from .description import SCHEMA, SystemDescription
from .validation import find_errors

POLICIES = "policies"


def read_description(path: Path, policy: str = "") -> SystemDescription:
    """The description in that file, with the settings of one of its policies.

    Raises:
        NoPolicy: it has no policy of that name.
        KitCannotRun: the file cannot be read, or something in it is wrong: which key, and why.
    """
    raw = read_toml(path)
    try:
        raw = with_policy(path, raw, policy)
        for name in (TABLE, RACES):
            check_table(path, raw.get(name, {}), name)
        check_timings(raw)
        described = msgspec.convert(raw, SystemDescription)
    except msgspec.ValidationError as error:
        hint = "`runall system new NAME` writes a file that says what belongs where"
        raise KitCannotRun(f"{path}: {in_words(error)}", hint) from error
    if errors := list(find_errors(described)):
        hint = "correct the file; `runall system schema` prints what it may hold"
        raise KitCannotRun("\n".join(f"{path}: {each}" for each in errors), hint)
    return described


def with_policy(path: Path, raw: dict[str, Any], policy: str) -> dict[str, Any]:
    """The file with the values of a policy; the known failures are those of the policy alone.

    Raises `NoPolicy`, and `ValidationError` if `policies` is no table of tables.
    """
    policies = msgspec.convert({POLICIES: raw.get(POLICIES, {})}, dict[str, dict[str, Any]])
    if not policy:
        return raw
    if policy not in policies[POLICIES]:
        known = f"take one of {', '.join(policies[POLICIES])}" if policies[POLICIES] else ""
        raise NoPolicy(f"{path} has no policy {policy!r}", known or "leave --policy away")
    over = msgspec.convert(policies[POLICIES][policy], dict[str, Any])
    return laid_over(raw, over) | {name: over.get(name, {}) for name in (TABLE, RACES)}


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two tables: a table in both is merged, else the value of `above` counts."""
    joined = deepcopy(dict(below))
    for key, value in above.items():
        under = joined.get(key)
        if isinstance(value, dict) and isinstance(under, dict):
            value = laid_over(cast(dict[str, Any], under), cast(dict[str, Any], value))
        joined[key] = value
    return joined


def in_words(error: msgspec.ValidationError) -> str:
    """A validation error, its key first and then the reason."""
    why, _, place = str(error).partition(" - at `$")
    return f"{place.removesuffix('`').lstrip('.') or 'the file'}: {why}"


def check_timings(raw: Mapping[str, Any]) -> None:
    """Refuse an unknown timing, which `Timings` would ignore. Raises `ValidationError`."""
    timings, known = raw.get("timings"), Timings.__struct_fields__
    given = cast(dict[str, object], timings) if isinstance(timings, dict) else {}
    if unknown := [name for name in given if name not in known]:
        why = f"Object contains unknown field `{unknown[0]}`; take one of {', '.join(known)}"
        raise msgspec.ValidationError(f"{why} - at `$.timings`")


def description_schema() -> dict[str, Any]:
    """The JSON Schema of a file that describes a system."""
    return schema_of(SystemDescription, SCHEMA)


def example() -> str:
    """The file that describes the reference, with comments; new files begin as copies of it."""
    return (Path(__file__).parent / "files" / "reference.toml").read_text("utf-8")

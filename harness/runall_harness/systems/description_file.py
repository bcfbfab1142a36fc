"""Reads the TOML file that describes a scheduler, and writes the first one.

The author of such a file has never seen this code. So an error names the key, the cause and the
next step, and an unknown key is an error too: a misspelt key would otherwise be ignored silently.
"""

import json
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import msgspec

from runall_harness.contract.errors import KitCannotRun

from .base import NoPolicy, Timings
from .description import SystemDescription
from .validation import find_errors

FILES = Path(__file__).parent / "files"
POLICIES = "policies"
TABLE, RACES = "known_failures", "known_races"
EXAMPLE = '"1_worker_lost/another-worker*/manual" = "why it fails"'


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


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises `KitCannotRun` with the line that is wrong."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        cause = f"{path} cannot be read: {error.strerror}"
        raise KitCannotRun(cause, "correct the path, or see who may read the file") from error
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise KitCannotRun(f"{path} is not TOML: {error}", "correct that line") from error


def check_table(path: Path, table: object, name: str) -> dict[str, str]:
    """A table in which each value is a reason. Raises `KitCannotRun` with the key that is wrong."""
    if not isinstance(table, dict):
        raise KitCannotRun(f"{path}: {name} is not a table", f"write lines like {EXAMPLE} under it")
    entries = cast(dict[str, object], table)
    for pattern, reason in entries.items():
        if not isinstance(reason, str) or not reason.strip():
            cause = f"{path}: {name}.{pattern!r} has no reason"
            raise KitCannotRun(cause, "say why it fails, in a string that is not empty")
    return cast(dict[str, str], entries)


def in_words(error: msgspec.ValidationError) -> str:
    why, _, place = str(error).partition(" - at `$")
    return f"{place.removesuffix('`').lstrip('.') or 'the file'}: {why}"


def check_timings(raw: Mapping[str, Any]) -> None:
    """Refuse an unknown timing, which `Timings` would ignore. Raises `ValidationError`."""
    timings, known = raw.get("timings"), Timings.__struct_fields__
    given = cast(dict[str, object], timings) if isinstance(timings, dict) else {}
    if unknown := [name for name in given if name not in known]:
        why = f"Object contains unknown field `{unknown[0]}`; take one of {', '.join(known)}"
        raise msgspec.ValidationError(f"{why} - at `$.timings`")


def example() -> str:
    """The file that describes the reference, with comments, which runs as it is."""
    return (FILES / "reference.toml").read_text("utf-8")


def scaffold(name: str, *, adapter: bool) -> dict[str, str]:
    """The first files of a system of that name, with their texts, to be changed by their author.

    With an adapter program they are short: the author of another scheduler would have to change
    nearly all of the long file, which is the reference's own and has every key.
    """
    word = json.dumps(name, ensure_ascii=False)  # a name may hold quotes, in TOML and in Python
    if not adapter:
        return {f"{name}.toml": example().replace('name = "reference"', f"name = {word}")}
    files = {f"{name}.toml": "new.toml", f"{name}_adapter.py": "new_adapter.py"}
    texts = {file: (FILES / source).read_text("utf-8") for file, source in files.items()}
    return {file: text.replace("NAME", word[1:-1]) for file, text in texts.items()}

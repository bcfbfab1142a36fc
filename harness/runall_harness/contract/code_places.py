"""Where the code of the reference keeps each clause, found by the clause numbers in its source.

A place is a docstring or a comment that names the clause. Other strings do not count: a ledger
entry may cite a clause that its code breaks, as those of the Cronicle policies do.
"""

import ast
import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import msgspec
import runall_reference

MENTION = re.compile(r"RA-\d+\.\d+")
SOURCE = Path(runall_reference.__file__).parent


class CodePlace(msgspec.Struct, frozen=True):
    """A function, a class or a module that keeps a clause, and the line that says so.

    `file` begins with the package, `name` is qualified within the package.
    """

    file: str
    line: int
    name: str

    @property
    def path(self) -> Path:
        """The path of the file, relative to the current folder if the file is in it."""
        path = SOURCE.parent / self.file
        return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def code_places() -> dict[str, list[CodePlace]]:
    """The places of each clause that the reference names, by file and line."""
    found: dict[str, list[CodePlace]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for clause, place in places_in(path):
            if all(place.name != known.name for known in found.setdefault(clause, [])):
                found[clause].append(place)
    return found


def places_in(path: Path) -> Iterator[tuple[str, CodePlace]]:
    """Every mention of a clause in one file, in order."""
    text, relative = path.read_text("utf-8"), path.relative_to(SOURCE.parent)
    tree, module = ast.parse(text), ".".join(relative.with_suffix("").parts[1:])
    definitions = list(named(tree, f"{module}."))
    for number, words in prose(text, tree):
        around = [name for name, lines in definitions if number in lines]
        for clause in MENTION.findall(words):
            yield clause, CodePlace(relative.as_posix(), number, [module, *around][-1])


def named(node: ast.AST, prefix: str) -> Iterator[tuple[str, range]]:
    """The qualified name and the lines of each definition, an outer one before those in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + child.name, range(child.lineno, (child.end_lineno or child.lineno) + 1)
            yield from named(child, f"{prefix}{child.name}.")


def prose(text: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each line of a docstring or a comment, with its number."""
    statements = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    docstrings = {(value.lineno, value.col_offset) for value in statements}
    for token in tokenize.generate_tokens(StringIO(text).readline):
        docstring = token.type == tokenize.STRING and token.start in docstrings
        if docstring or token.type == tokenize.COMMENT:
            yield from enumerate(token.string.splitlines(), token.start[0])

"""The project's own source, read by `ast`, for tests that hold its style."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = (
    "api", "domain", "notifications", "migrations", "cli.py", "surveys.py", "upkeep.py", "working.py",
)  # fmt: skip
REST = ("demo", "bench", "tests")


def sources(*parts: str) -> list[Path]:
    """The Python files of parts of the project, by paths from its root."""
    found = [path for part in parts for path in (ROOT / part).rglob("*.py")]
    found += [ROOT / part for part in parts if part.endswith(".py")]
    return sorted(path.relative_to(ROOT) for path in found)


def text_files() -> Iterator[tuple[Path, str]]:
    """Every file that is ours to write and has text: generated and fetched things are in dot folders."""
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") and top.name not in {".ci", ".gitignore", ".editorconfig"}:
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                try:
                    yield path.relative_to(ROOT), path.read_text()
                except UnicodeDecodeError:
                    continue


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text())


def module(path: Path) -> str:
    """A file's module name: `domain.consents.gate`, and the package's own for `__init__.py`."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = frozenset(module(path) for path in sources(*PRODUCT, *REST))


def imports(path: Path) -> set[str]:
    """The modules that a file imports; of ours those that it means, not the package around them."""
    found = set[str]()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in whole}
    return found


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last one."""
    return (node.end_lineno or node.lineno) - node.lineno + 1

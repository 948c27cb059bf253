"""Servers without a protection, for `MUTANT=1`: the product's source is changed while it is imported.

The change is a `sitecustomize` in a folder that only the mutant's process has on its PYTHONPATH.
Nothing in the product knows of it.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent

LOADER = """
import importlib.machinery, json, os, pathlib

here = pathlib.Path(__file__).parent
mutations = json.loads((here / "mutations.json").read_text())
plain = importlib.machinery.SourceFileLoader.source_to_code

def mutated(self, data, path, **options):
    found = mutations.get(str(path))
    if found:
        text = bytes(data).decode()
        for old, new in found:
            assert old in text, f"the mutation of {path} no longer fits"
            text = text.replace(old, new)
        data = text.encode()
    return plain(self, data, path, **options)

importlib.machinery.SourceFileLoader.source_to_code = mutated
"""


class Mutation(NamedTuple):
    """In a file of the product, the words that protect, and what stands there without them."""

    file: str
    protects: str
    without: str


def environment(folder: Path, mutations: tuple[Mutation, ...]) -> Mapping[str, str]:
    """What a process's environment needs so that it runs mutated. `folder` is its own, and empty.

    Raises:
        ValueError: a mutation does not fit the source any more.

    """
    found: dict[str, list[tuple[str, str]]] = {}
    for one in mutations:
        path = ROOT / one.file
        if one.protects not in path.read_text():
            raise ValueError(f"{one.file} no longer says {one.protects!r}")
        found.setdefault(str(path), []).append((one.protects, one.without))
    (folder / "mutations.json").write_text(json.dumps(found))
    (folder / "sitecustomize.py").write_text(LOADER)
    # Bytecode made before would be taken unchanged, and ours must not outlive us.
    return {"PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}

"""Whether the tests that a threat model names are there."""

import ast
from pathlib import Path

from airside.assurance.threats import Open, ThreatModel


def missing_proofs(model: ThreatModel, root: Path) -> list[Open]:
    """The tests that are named and aren't below `root`, or aren't functions or classes of their file."""
    names: dict[str, set[str]] = {}
    found: list[Open] = []
    for mitigation in model.mitigation:
        for proof in mitigation.shown_by:
            file, _, name = proof.partition("::")
            if file not in names:
                names[file] = _names(root / file, root)
            if name not in names[file]:
                found.append(Open(mitigation.id, f"{proof} isn't there"))
    return found


def _names(path: Path, root: Path) -> set[str]:
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, kinds)}

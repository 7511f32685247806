"""The JSON parsing suite as values, for every reader of JSON: the reader itself and each endpoint (G25)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["y", "n", "i"]
KINDS: tuple[Kind, ...] = ("y", "n", "i")
REFUSED_ON_PURPOSE = ("y_object_duplicated_key",)


@dataclass(frozen=True)
class JsonCase:
    """One text. `kind`: `y` must be read, `n` must be refused, `i` is left to the reader."""

    name: str
    text: bytes
    kind: Kind

    @property
    def must_be_read(self) -> bool:
        return self.kind == "y" and not self.name.startswith(REFUSED_ON_PURPOSE)

    @property
    def must_be_refused(self) -> bool:
        return self.kind == "n" or self.name.startswith(REFUSED_ON_PURPOSE)


def json_cases(folder: Path) -> Iterator[JsonCase]:
    """Every case of `folder`, which is `data("json")`, in the order of names."""
    for path in sorted((folder / "parsing").glob("*.json")):
        yield JsonCase(path.stem, path.read_bytes(), _kind(path.name))


def _kind(name: str) -> Kind:
    return next(kind for kind in KINDS if name.startswith(f"{kind}_"))

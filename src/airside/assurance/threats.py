"""A threat model as data: what there is, what crosses which boundary, what could go wrong, and what shows it doesn't.

The method is STRIDE per element (Shostack, Threat Modeling, 2014, chapter 3): each kind of element has the classes of
threat that can befall it, and a model that says nothing of one of them has an open threat there.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Final, Literal

import msgspec

from airside.core.errors import InvalidInput

MAX_BYTES: Final = 1024 * 1024
MAX_ROWS: Final = 1000
"""Of each kind of row."""
STRIDE: Final = {
    "S": "Spoofing",
    "T": "Tampering",
    "R": "Repudiation",
    "I": "Information disclosure",
    "D": "Denial of service",
    "E": "Elevation of privilege",
}
CLASSES: Final = {"entity": "SR", "process": "STRIDE", "store": "TID", "flow": "TID"}
"""Which classes befall which kind. A store that keeps a log is asked for R too."""
MIN_REASON: Final = 10  # characters

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=28)]
"""What has to fit into a picture."""
Proof = Annotated[str, msgspec.Meta(pattern=r"^[\w./-]+\.py::\w+$", max_length=200)]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Boundary(_Row, frozen=True):
    """A zone in which everybody trusts each other as far; what leaves it is looked at."""

    id: Id
    name: Label


class Element(_Row, frozen=True):
    """Somebody outside (`entity`), a program (`process`), or a place where data rests (`store`); `log` says that others
    are held to what it keeps."""

    id: Id
    kind: Literal["entity", "process", "store"]
    name: Label
    boundary: Id
    log: bool = False


class Flow(_Row, frozen=True):
    """What goes from one element to another, and by what."""

    id: Id
    source: Id = msgspec.field(name="from")
    target: Id = msgspec.field(name="to")
    carries: Words
    over: Words


class Asset(_Row, frozen=True):
    """What somebody would come for, and where it rests."""

    id: Id
    name: Words
    at: list[Id]


class Mitigation(_Row, frozen=True):
    """What is done about threats, and the tests that show it."""

    id: Id
    what: Words
    shown_by: list[Proof] = []


class Accepted(_Row, frozen=True):
    """A threat that is borne, why, and until when somebody has looked at it again."""

    reason: Annotated[str, msgspec.Meta(min_length=MIN_REASON, max_length=400)]
    expires: date


class Threat(_Row, frozen=True):
    """What could go wrong with each of `on`, of the classes `stride` (letters)."""

    id: Id
    on: Annotated[list[Id], msgspec.Meta(min_length=1)]
    stride: Annotated[str, msgspec.Meta(pattern="^[STRIDE]{1,6}$")]
    what: Words
    mitigations: list[Id] = []
    accepted: Accepted | None = None


class ThreatModel(_Row, frozen=True):
    """The whole of it."""

    title: Label
    boundary: list[Boundary]
    element: list[Element]
    flow: list[Flow]
    asset: list[Asset]
    mitigation: list[Mitigation]
    threat: list[Threat]


class Open(msgspec.Struct, frozen=True):
    """What is left: `where` (an element, flow, threat or mitigation by its id) and why."""

    where: str
    why: str


def read_model(text: bytes) -> ThreatModel:
    """The model that `text` (TOML) spells.

    Raises:
        InvalidInput: no TOML, an unknown or missing field, an id twice, a name of nothing, or over a cap.
    """
    if len(text) > MAX_BYTES:
        raise InvalidInput("the threat model is over its cap", max_bytes=MAX_BYTES)
    try:
        model = msgspec.convert(tomllib.loads(text.decode("utf-8")), ThreatModel)
    except (ValueError, RecursionError) as error:  # msgspec's refusals are ValueErrors
        raise InvalidInput(f"the threat model: {error}") from None
    for fault in _faults(model):
        raise InvalidInput(f"the threat model: {fault}")
    return model


def _faults(model: ThreatModel) -> Iterator[str]:
    """What a model says that can't be so."""
    rows = (model.boundary, model.element, model.flow, model.asset, model.mitigation, model.threat)
    if not model.element or any(len(kind) > MAX_ROWS for kind in rows):
        yield f"there is no element, or there are more than {MAX_ROWS} rows of a kind"
    counts = Counter(row.id for kind in rows for row in kind)
    yield from (f"the id {name} stands there {count} times" for name, count in counts.items() if count > 1)
    elements = {element.id for element in model.element}
    boundaries = {boundary.id for boundary in model.boundary}
    befallen = elements | {flow.id for flow in model.flow}
    yield from _unknown("boundary", (element.boundary for element in model.element), boundaries)
    yield from _unknown("element", (end for flow in model.flow for end in (flow.source, flow.target)), elements)
    yield from _unknown("element", (place for asset in model.asset for place in asset.at), elements)
    yield from _unknown("element or flow", (place for threat in model.threat for place in threat.on), befallen)
    mitigations = {mitigation.id for mitigation in model.mitigation}
    yield from _unknown("mitigation", (name for threat in model.threat for name in threat.mitigations), mitigations)
    used = {name for threat in model.threat for name in threat.mitigations}
    yield from (f"the mitigation {name} is for nothing" for name in sorted(mitigations - used))
    touched = {end for flow in model.flow for end in (flow.source, flow.target)}
    yield from (f"nothing flows to or from {name}" for name in sorted(elements - touched))


def _unknown(kind: str, named: Iterable[str], known: set[str]) -> Iterator[str]:
    yield from (f"there is no {kind} {name}" for name in sorted(set(named) - known))


def demanded(model: ThreatModel) -> dict[str, str]:
    """The classes of threat that the model has to speak of, by element and flow."""
    found = {each.id: CLASSES[each.kind] + ("R" if each.log else "") for each in model.element}
    return found | {flow.id: CLASSES["flow"] for flow in model.flow}


def left_open(model: ThreatModel, today: date) -> list[Open]:
    """What the model leaves open on that day: a class that it doesn't speak of, a threat that nothing is done about and
    nobody bears, a mitigation that nothing shows, an acceptance that has run out."""
    spoken = {(place, letter) for threat in model.threat for place in threat.on for letter in threat.stride}
    found = [
        Open(place, f"{STRIDE[letter]}: nobody has said what could happen")
        for place, letters in demanded(model).items()
        for letter in letters
        if (place, letter) not in spoken
    ]
    for threat in model.threat:
        if threat.accepted is not None and threat.accepted.expires < today:
            found.append(Open(threat.id, f"was accepted until {threat.accepted.expires}: {threat.what}"))
        elif threat.accepted is None and not threat.mitigations:
            found.append(Open(threat.id, f"nothing is done about it: {threat.what}"))
    found += [Open(each.id, f"no test shows it: {each.what}") for each in model.mitigation if not each.shown_by]
    return found

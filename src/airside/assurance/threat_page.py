"""A threat model as a page in Markdown: picture, elements, threats, and what shows that they come to nothing."""

from collections.abc import Iterable, Iterator

from airside.assurance.threats import STRIDE, Threat, ThreatModel

_KINDS = {"entity": "outside", "process": "program", "store": "store"}


def page(model: ThreatModel, *, picture: str) -> str:
    """The page; `picture` is where its diagram lies, as the page sees it."""
    names = {row.id: row.name for row in (*model.boundary, *model.element)}
    flows = {flow.id: f"flow {number}" for number, flow in enumerate(model.flow, 1)}
    places = names | flows
    lines = [f"# Threat model of {model.title}", "", f"![Data flows of {model.title}]({picture})", "", "## Flows", ""]
    lines += _table(
        ("flow", "from", "to", "carries", "over"),
        (
            (str(number), names[flow.source], names[flow.target], flow.carries, flow.over)
            for number, flow in enumerate(model.flow, 1)
        ),
    )
    lines += ["## Elements", ""]
    rows = ((each.name, _KINDS[each.kind], names[each.boundary]) for each in model.element)
    lines += _table(("element", "kind", "within"), rows)
    lines += ["## Assets", ""]
    lines += _table(("asset", "where"), ((a.name, ", ".join(names[place] for place in a.at)) for a in model.asset))
    lines += ["## Threats", ""]
    lines += _table(
        ("threat", "of", "befalls", "what", "against it"),
        (
            (
                each.id,
                ", ".join(STRIDE[letter] for letter in each.stride),
                ", ".join(places[place] for place in each.on),
                each.what,
                _answer(each),
            )
            for each in model.threat
        ),
    )
    lines += ["## What is done, and what shows it", ""]
    proofs = ((each.id, each.what, "<br>".join(f"`{proof}`" for proof in each.shown_by)) for each in model.mitigation)
    lines += _table(("id", "what", "shown by"), proofs)
    return "\n".join(lines).rstrip() + "\n"


def _answer(threat: Threat) -> str:
    if threat.accepted is None:
        return ", ".join(threat.mitigations)
    borne = f"**accepted** until {threat.accepted.expires}: {threat.accepted.reason}"
    return ", ".join([*threat.mitigations, borne])


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""

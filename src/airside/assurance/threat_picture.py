"""The data-flow diagram of a threat model as SVG: a column for each trust boundary, flows by their numbers.

Nothing overlaps by construction: elements stand beneath each other in their column; each end of a flow has a height of
its own at its element; between columns each flow runs in a lane of its own; and one that passes over a column does so
above all of them.
"""

from dataclasses import dataclass, field
from html import escape
from typing import Final

from airside.assurance.threats import Element, Flow, ThreatModel

WIDTH: Final = 200  # of an element
PORT: Final = 26  # between two ends at one side of an element
LEAST: Final = 60  # the height of an element
GAP: Final = 26  # between elements
LANE: Final = 14  # between two lanes
MARGIN: Final = 34  # between a column's frame and its elements
TOP: Final = 56  # from a column's frame to its first element
BADGE: Final = 10  # the radius of a number
EDGE: Final = 20  # around everything

_STYLE: Final = """
svg{--paper:#fff;--ink:#1b2733;--line:#51606f;--zone:#f3f6f9;--edge:#a9b7c4;--entity:#fff4dc;--process:#dcecff;--store:#e2f4e4}
@media(prefers-color-scheme:dark){svg{--paper:#10161c;--ink:#e6edf3;--line:#9fb0c0;--zone:#19222b;--edge:#46586a;
--entity:#4a3a14;--process:#173a63;--store:#1c4426}}
text{font:14px system-ui,sans-serif;fill:var(--ink)}.zone{fill:var(--zone);stroke:var(--edge);stroke-dasharray:6 4}
.zone-name{font-weight:600}.entity{fill:var(--entity)}.process{fill:var(--process)}.store{fill:var(--store)}
.box{stroke:var(--ink);stroke-width:1.2}.flow{fill:none;stroke:var(--line);stroke-width:1.4}
.tip{fill:var(--line)}.badge{fill:var(--paper);stroke:var(--line)}.number{font-size:11px;font-weight:600}
"""


@dataclass(slots=True)
class _Box:
    element: Element
    column: int
    x: float = 0
    y: float = 0
    height: float = LEAST
    ports: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: {"left": [], "right": []})

    def port(self, end: tuple[int, str]) -> tuple[float, float]:
        """Where that end of a flow meets the box."""
        for side, ends in self.ports.items():
            if end in ends:
                step = self.height / (len(ends) + 1)
                return self.x + (WIDTH if side == "right" else 0), self.y + step * (ends.index(end) + 1)
        raise KeyError(end)


def picture(model: ThreatModel) -> str:
    """The diagram; flows carry their places in the model's list, from 1."""
    return _Drawing(model).svg()


class _Drawing:
    def __init__(self, model: ThreatModel) -> None:
        self._model = model
        columns = {boundary.id: place for place, boundary in enumerate(model.boundary)}
        self._boxes = {each.id: _Box(each, columns[each.boundary]) for each in model.element}
        self._lanes: list[list[tuple[int, str]]] = [[] for _ in range(len(columns) + 1)]
        self._high: list[int] = []
        for number, flow in enumerate(model.flow, 1):
            self._attach(number, flow)
        self._place()

    def _attach(self, number: int, flow: Flow) -> None:
        """Choose the sides at which a flow leaves and arrives, and its lanes. Lane n is left of column n."""
        source, target = self._boxes[flow.source], self._boxes[flow.target]
        forward = target.column > source.column
        leaves, arrives = ("right", "left") if forward else ("left", "right")
        if target.column == source.column:
            leaves = arrives = "right"
        source.ports[leaves].append((number, "from"))
        target.ports[arrives].append((number, "to"))
        out = source.column + (leaves == "right")
        into = target.column + (arrives == "right")
        self._lanes[out].append((number, "from"))
        if into != out:
            self._lanes[into].append((number, "to"))
            self._high.append(number)

    def _place(self) -> None:
        self._bus = EDGE + LANE * len(self._high)
        x = EDGE + self._gutter(0)
        self._columns: list[float] = []
        heights: list[float] = []
        for column in range(len(self._model.boundary)):
            self._columns.append(x)
            y = self._bus + LANE + TOP
            for box in (box for box in self._boxes.values() if box.column == column):
                box.x, box.y = x + MARGIN, y
                box.height = max(LEAST, PORT * (1 + max(map(len, box.ports.values()))))
                y += box.height + GAP
            heights.append(y)
            x += WIDTH + 2 * MARGIN + self._gutter(column + 1)
        self._bottom = max(heights)
        self._right = x

    def _gutter(self, lane: int) -> float:
        """How wide the space left of column `lane` is."""
        return LANE * (len(self._lanes[lane]) + 1) if self._lanes[lane] else EDGE

    def _lane(self, lane: int, end: tuple[int, str]) -> float:
        right = self._columns[lane] if lane < len(self._columns) else self._right
        return right - self._gutter(lane) + LANE * (self._lanes[lane].index(end) + 1)

    def _path(self, number: int, flow: Flow) -> str:
        source, target = self._boxes[flow.source], self._boxes[flow.target]
        (x, y), (to_x, to_y) = source.port((number, "from")), target.port((number, "to"))
        out = self._lane(source.column + (x > source.x), (number, "from"))
        steps = [f"M{x:g} {y:g}", f"H{out:g}"]
        if number in self._high:
            high = EDGE + LANE * self._high.index(number)
            steps += [f"V{high:g}", f"H{self._lane(target.column + (to_x > target.x), (number, 'to')):g}"]
        tip = to_x + (8 if to_x > target.x else -8)
        return " ".join([*steps, f"V{to_y:g}", f"H{tip:g}"])

    def svg(self) -> str:
        width, height = self._right + EDGE, self._bottom + EDGE
        title = escape(f"Data flows of {self._model.title}")
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'aria-label="{title}">',
            f"<title>{title}</title><style>{_STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" markerHeight="8" '
            'markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
            f'<rect width="{width:g}" height="{height:g}" style="fill:var(--paper)"/>',
        ]
        for boundary, x in zip(self._model.boundary, self._columns, strict=True):
            top, wide = self._bus + LANE, WIDTH + 2 * MARGIN
            parts.append(
                f'<rect class="zone" x="{x:g}" y="{top:g}" width="{wide}" height="{self._bottom - top:g}" rx="10"/>'
                f'<text class="zone-name" x="{x + wide / 2:g}" y="{top + 28:g}" text-anchor="middle">'
                f"{escape(boundary.name)}</text>"
            )
        flows = list(enumerate(self._model.flow, 1))
        parts += [f'<path class="flow" marker-end="url(#tip)" d="{self._path(*each)}"/>' for each in flows]
        parts += [_box(box) for box in self._boxes.values()]
        parts += [self._badge(number, flow) for number, flow in flows]
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _badge(self, number: int, flow: Flow) -> str:
        box = self._boxes[flow.source]
        x, y = box.port((number, "from"))
        x += 18 if x > box.x else -18
        said = escape(f"{box.element.name} to {self._boxes[flow.target].element.name}: {flow.carries}")
        return (
            f'<g><title>{said}</title><circle class="badge" cx="{x:g}" cy="{y:g}" r="{BADGE}"/>'
            f'<text class="number" x="{x:g}" y="{y + 4:g}" text-anchor="middle">{number}</text></g>'
        )


def _box(box: _Box) -> str:
    kind, x, y, height = box.element.kind, box.x, box.y, box.height
    shape = f'<rect class="box {kind}" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{height:g}"'
    if kind == "process":
        shape += ' rx="24"/>'
    elif kind == "store":  # two lines above each other, as a store is drawn
        shape += f' rx="2"/><path class="box" d="M{x:g} {y + 7:g}h{WIDTH}M{x:g} {y + height - 7:g}h{WIDTH}"/>'
    else:
        shape += "/>"
    name = f'<text x="{x + WIDTH / 2:g}" y="{y + height / 2 + 5:g}" text-anchor="middle">'
    return f"{shape}{name}{escape(box.element.name)}</text>"

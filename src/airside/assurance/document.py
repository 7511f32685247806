"""What an HTML page leads to, loads and asks for; read leniently, as browsers do."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

MAX_ITEMS: Final = 500  # of each kind, from one page


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a form."""

    name: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form: `page` is the path that shows it, `action` as written there, `method` in capitals; `buttons` are all that
    its buttons say: names, values, actions of their own, and what people read."""

    page: str
    action: str
    method: str
    fields: tuple[Field, ...]
    buttons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a page loads by itself. `integrity` tells whether its hash is demanded; `active` whether it can act."""

    url: str
    integrity: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Document:
    """Links as written, forms, resources."""

    links: tuple[str, ...]
    forms: tuple[Form, ...]
    resources: tuple[Resource, ...]


def read(page: str, text: str) -> Document:
    """The document `text` that stands at the path `page`."""
    reader = _Reader(page)
    reader.feed(text)
    reader.close()
    reader.end_form()
    return Document(
        tuple(dict.fromkeys(reader.links[:MAX_ITEMS])),
        tuple(reader.forms[:MAX_ITEMS]),
        tuple(reader.resources[:MAX_ITEMS]),
    )


@dataclass
class _Open:
    action: str
    method: str
    fields: list[Field] = field(default_factory=list[Field])
    buttons: list[str] = field(default_factory=list[str])


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.resources: list[Resource] = []
        self._page = page
        self._form: _Open | None = None
        self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        table = {name: value or "" for name, value in attrs}
        if tag == "a" and table.get("href"):
            self.links.append(table["href"])
        elif tag == "form":
            self.end_form()
            self._form = _Open(table.get("action", ""), table.get("method", "get").upper())
        elif tag in ("input", "textarea", "select", "button") and self._form is not None:
            kind = table.get("type", "text").lower() if tag in ("input", "button") else tag
            if table.get("name"):
                self._form.fields.append(Field(table["name"], kind, table.get("value", "")))
            if tag == "button" or kind in ("submit", "image"):
                self._in_button = tag == "button"
                said = (table.get(name, "") for name in ("name", "value", "formaction", "title", "aria-label", "alt"))
                self._form.buttons += [text for text in said if text]
        else:
            self._loaded(tag, table)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """Marked sections are SGML's, and the parser's own reading raises at what it doesn't know; to browsers they are
        comments that are spelled wrong (WHATWG HTML §13.2.5.42)."""
        return self.parse_bogus_comment(i, report)

    def handle_data(self, data: str) -> None:
        if self._in_button and self._form is not None:
            self._form.buttons.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._in_button = False
        elif tag == "form":
            self.end_form()

    def end_form(self) -> None:
        """Keep the form that was open."""
        if self._form is not None:
            told = (tuple(self._form.fields), tuple(self._form.buttons))
            self.forms.append(Form(self._page, self._form.action, self._form.method, *told))
        self._form, self._in_button = None, False

    def _loaded(self, tag: str, table: dict[str, str]) -> None:
        sheet = tag == "link" and "stylesheet" in table.get("rel", "").lower().split()
        url = table.get("href" if tag == "link" else "src", "")
        if url and (sheet or tag in ("script", "img", "iframe", "audio", "video", "embed")):
            active = sheet or tag in ("script", "iframe", "embed")
            self.resources.append(Resource(url, bool(table.get("integrity")), active))

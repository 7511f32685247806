"""Text → words with places. Space and line ends are words too: the language cares where lines end."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from airside.permissions.language.problems import Problem, SyntaxProblem
from airside.permissions.model import Span

Kind = Literal["newline", "space", "name", "version", "punctuation", "but not", "end"]

MAX_TEXT: Final = 256 * 1024
RESERVED: Final = frozenset(
    ("and", "or", "from", "define", "relations", "with", "condition", "in", "true", "false", "null")
)

_WORD: Final = re.compile(
    r"(?P<newline>[ \t\f]*(?:\r?\n|\r)[ \t\f\r\n]*)"
    r"|(?P<space>[ \t\f]+)"
    r"|(?P<but_not>but not(?![A-Za-z0-9_-]))"
    r"|(?P<name>[A-Za-z_](?:[A-Za-z0-9_-]|[/.](?=[A-Za-z0-9_]))*)"
    r"|(?P<version>[0-9]+\.[0-9]+)"
    r"|(?P<punctuation>[\[\](){},:#*<>])"
)
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'")
_SKIPPED_IN_BRACES: Final = re.compile(_STRING.pattern + r"|//[^\n]*")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the text, where it starts, its offset in the text, and the file."""

    kind: Kind
    text: str
    line: int
    column: int
    offset: int
    file: str

    @property
    def span(self) -> Span:
        return Span(self.line, self.column, self.column + max(len(self.text), 1), self.file)


class Scanner:
    """Reads words one at a time, with one to look ahead."""

    def __init__(self, text: str, file: str = "") -> None:
        if len(text) > MAX_TEXT:
            raise SyntaxProblem(Problem("too-large", f"a model may have {MAX_TEXT} characters at most"))
        self._whole = text.split("\n")
        self._bare = [_without_comment(line) for line in self._whole]
        self._text = "\n".join(self._bare)
        self._file = file
        self._line = 0
        self._line_start = 0
        self.next = self._scan(0)

    def take(self) -> Word:
        """The next word; the one after it becomes `next`."""
        word = self.next
        if word.kind == "newline":
            self._line += word.text.count("\n") or word.text.count("\r")
            self._line_start = word.offset + max(word.text.rfind("\n"), word.text.rfind("\r")) + 1
        self.next = self._scan(word.offset + len(word.text))
        return word

    def after_next(self) -> Word:
        """The word after `next`; its place is unknown."""
        return self._scan(self.next.offset + len(self.next.text))

    def braced(self) -> tuple[str, Span]:
        """The text up to the `}` that closes the brace just taken, strings skipped whole, and where it begins;
        takes the `}`."""
        start = position = self.next.offset
        depth = 1
        while position < len(self._text):
            skipped = _SKIPPED_IN_BRACES.match(self._text, position)
            if skipped is not None:
                position = skipped.end()
                continue
            depth += {"{": 1, "}": -1}.get(self._text[position], 0)
            if depth == 0:
                break
            position += 1
        else:
            raise self.unexpected("'}' that closes the condition")
        body = self._text[start:position]
        before = body[: len(body) - len(body.lstrip())]
        line_start = start + before.rfind("\n") + 1 if "\n" in before else self._line_start
        column = start + len(before) - line_start
        place = Span(self._line + before.count("\n"), column, column + 1, self._file)
        self._line += body.count("\n")
        self._line_start = self._text.rfind("\n", 0, position) + 1
        self.next = self._scan(position + 1)
        return body.strip(), place

    def comment(self, line: int) -> str:
        """The comment that ends a line; empty without one."""
        return self._whole[line][len(self._bare[line]) :].strip() if line < len(self._whole) else ""

    def unexpected(self, wanted: str, word: Word | None = None) -> SyntaxProblem:
        """The refusal that says what stands where `wanted` should."""
        found = word or self.next
        shown = {"newline": "the end of the line", "end": "the end of the text", "space": "a space"}.get(
            found.kind, f"'{found.text}'"
        )
        return SyntaxProblem(Problem("syntax", f"found {shown} where {wanted} is expected", found.span))

    def _scan(self, offset: int) -> Word:
        column = offset - self._line_start
        if offset >= len(self._text):
            return Word("end", "", self._line, column, offset, self._file)
        match = _WORD.match(self._text, offset)
        if match is None:
            return Word("punctuation", self._text[offset], self._line, column, offset, self._file)
        kinds: dict[str, Kind] = {
            "newline": "newline",
            "space": "space",
            "but_not": "but not",
            "name": "name",
            "version": "version",
            "punctuation": "punctuation",
        }
        return Word(kinds[match.lastgroup or "punctuation"], match[0], self._line, column, offset, self._file)


def _without_comment(line: str) -> str:
    """`line` with its comment (`#` at its start, or after a space outside a string) cut off."""
    if line.lstrip().startswith("#"):
        return ""
    if " #" not in line:
        return line.rstrip()
    masked = _STRING.sub(lambda match: "x" * len(match[0]), line)
    place = masked.find(" #")
    return (line if place < 0 else line[:place]).rstrip()

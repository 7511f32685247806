"""The small verbs that both halves of the parser read words with."""

from airside.permissions.language.problems import SyntaxProblem
from airside.permissions.language.scanner import RESERVED, Kind, Scanner, Word
from airside.permissions.model import Span


class Reader:
    """Takes words from a text, or refuses with what should stand there."""

    def __init__(self, text: str, file: str = "") -> None:
        self._scanner = Scanner(text, file)

    @property
    def next(self) -> Word:
        """The next word, not yet taken."""
        return self._scanner.next

    def take(self) -> Word:
        """The next word, whatever it is."""
        return self._scanner.take()

    def at(self, text: str) -> bool:
        """Whether the next word is `text`."""
        return self._scanner.next.text == text

    def skip(self, *kinds: Kind) -> None:
        """Takes words while they are of `kinds`."""
        while self._scanner.next.kind in kinds:
            self._scanner.take()

    def keyword(self, text: str) -> Word:
        """Takes the name `text`.

        Raises:
            SyntaxProblem: another word stands there.
        """
        if self.next.kind != "name" or self.next.text != text:
            raise self.unexpected(f"'{text}'")
        return self.take()

    def mark(self, text: str) -> Word:
        """Takes the punctuation `text`.

        Raises:
            SyntaxProblem: another word stands there.
        """
        if not self.at(text):
            raise self.unexpected(f"'{text}'")
        return self.take()

    def name(self, wanted: str) -> Word:
        """Takes a name that isn't reserved.

        Raises:
            SyntaxProblem: another word, or a reserved one, stands there.
        """
        if self.next.kind != "name" or self.next.text in RESERVED:
            raise self.unexpected(wanted)
        return self.take()

    def space(self) -> None:
        """Takes space within a line.

        Raises:
            SyntaxProblem: none stands there.
        """
        if self.next.kind != "space":
            raise self.unexpected("a space")
        self.take()

    def line_end(self) -> None:
        """Takes the end of a line.

        Raises:
            SyntaxProblem: the line goes on.
        """
        self.skip("space")
        if self.next.kind != "newline":
            raise self.unexpected("the end of the line")
        self.take()

    def line_follows(self, first: str | None = None) -> bool:
        """Whether another line follows (that starts with `first`); if so, stands at its first word."""
        following = self._scanner.after_next()
        if self.next.kind != "newline" or (first is not None and following.text != first):
            return False
        self.take()
        return following.kind != "end"

    def after_space(self) -> str:
        """The word after the space that is next."""
        return self._scanner.after_next().text

    def comment(self, line: int) -> str:
        """The comment that ends a line; empty without one."""
        return self._scanner.comment(line)

    def braced(self) -> tuple[str, Span]:
        """What stands before the `}` that closes the `{` just taken, and where it begins."""
        return self._scanner.braced()

    def unexpected(self, wanted: str, word: Word | None = None) -> SyntaxProblem:
        """The refusal that says what stands where `wanted` should."""
        return self._scanner.unexpected(wanted, word)

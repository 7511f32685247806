"""An application's log lines without secrets, each one line of its own, and with the id of its request."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from airside.core.redaction import mask_text, redact, set_in, spelled
from airside.shield.passage import REQUEST_ID

_USUAL: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""What every record has; whatever else one carries came as `extra`."""


class RedactedFormatter(logging.Formatter):
    """What `inner` writes of a record without secrets (`core.redaction`, N37). Nobody begins a line by what they send:
    of a message, what doesn't print is spelled out, and the lines of a trace are set in.

    `%(request_id)s` is there for `inner` to show: the request that is being answered, empty outside of one.
    """

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self.inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return self.inner.format(self._clean(record))

    def _clean(self, record: logging.LogRecord) -> logging.LogRecord:
        """A copy: other handlers have a formatter of their own."""
        shown = _Shown.__new__(_Shown)
        vars(shown).update(vars(record))
        shown.msg, shown.args = _part(record.msg), cast("Any", _parts(record.args))
        named = isinstance(record.args, Mapping)  # then a name tells what is a secret, beside its looks
        shown.text = spelled(mask_text(str(record.msg) % shown.args if named else record.getMessage()))
        if record.exc_info:
            shown.exc_info, shown.exc_text = None, set_in(mask_text(self.inner.formatException(record.exc_info)))
        elif record.exc_text:
            shown.exc_text = set_in(mask_text(record.exc_text))
        if record.stack_info:
            shown.stack_info = set_in(mask_text(record.stack_info))
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL}
        vars(shown).update(redact(None, "", extra))
        vars(shown).setdefault("request_id", REQUEST_ID.get())
        return shown


class _Shown(logging.LogRecord):
    """A record whose message is `text`. Its arguments are there for formatters that read them (uvicorn's)."""

    __slots__ = ("text",)
    text: str

    def getMessage(self) -> str:  # noqa: N802 - its name
        return self.text


def _parts(args: object) -> object:
    return tuple(map(_part, cast("tuple[object, ...]", args))) if isinstance(args, tuple) else _part(args)


def _part(value: object) -> object:
    if isinstance(value, Mapping):
        return redact(None, "", dict(cast("Mapping[str, Any]", value)))
    return value if value is None or isinstance(value, int | float) else spelled(mask_text(str(value)))


def redact_logs() -> int:
    """Have every handler that any logger has by now write through a `RedactedFormatter`; how many hadn't. Call it when
    logging is configured, and again whenever handlers come later."""
    found = [each for each in handlers() if not isinstance(each.formatter, RedactedFormatter)]
    for handler in found:
        handler.setFormatter(RedactedFormatter(handler.formatter))
    return len(found)


def handlers() -> Iterator[logging.Handler]:
    """Whatever writes a log line now; the last is who does where nobody was named."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    each_once = {id(each): each for one in loggers if isinstance(one, logging.Logger) for each in one.handlers}
    yield from each_once.values()
    if logging.lastResort is not None:
        yield logging.lastResort

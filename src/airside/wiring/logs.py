"""Logs: structured, one line an event, to standard error, with secrets masked on the way out.

Each line of a request's says its id. Nobody writes a line of their own by what they send: JSON escapes what could end
one, and for people everything that doesn't print is shown as what it is.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TypeAlias

import structlog

from airside.core.redaction import redact, set_in, spelled
from airside.shield.passage import REQUEST_ID

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_TRACES: Final = ("exception", "stack")
"""Texts of many lines by nature."""

Event: TypeAlias = MutableMapping[str, Any]


def configure(level: str, *, for_people: bool = False) -> None:
    """Send structlog's and the standard library's events the same way: JSON lines, or coloured text for people.

    A log that can't be written (a full disk, a closed pipe) is given up line by line, and holds no request up.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _of_request,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                *(_for_people() if for_people else [structlog.processors.JSONRenderer()]),
            ],
        )
    )
    # What can't be written can't be complained of there either; logging would try, at length, for each line.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])


def _of_request(_logger: Any, _method: str, event: Event) -> Event:
    """Of which request the line is, where it is of one."""
    request_id = REQUEST_ID.get()
    if request_id:
        event.setdefault("request_id", request_id)
    return event


def _for_people() -> list[structlog.typing.Processor]:
    return [_printable, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _printable(_logger: Any, _method: str, event: Event) -> Event:
    """What doesn't print, spelled out; the lines of a trace are set in, so that none looks like a line of the log."""
    for key, value in list(event.items()):
        if isinstance(value, str) and key in _TRACES:
            event[key] = set_in(value)
        elif isinstance(value, str):
            event[key] = spelled(value)
        if not key.isprintable():
            event[spelled(key)] = event.pop(key)
    return event

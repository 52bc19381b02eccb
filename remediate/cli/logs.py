"""What is logged goes to stderr, without secrets: warnings of our own, or all with `--debug`."""

import logging
from collections.abc import Callable, MutableMapping
from functools import cached_property, partial
from typing import Any

from remediate.redaction import Redaction

_QUIET = ("spnego", "asyncio", "filelock")
"""Libraries whose debug output holds hashes of passwords, or nothing of use."""

_EACH = ("timestamp", "level", "logger", "event")
"""What a line says of each record; `event` is its text."""

_Event = MutableMapping[str, Any]


class Lines(logging.Handler):
    """Hands each finished line to a function.

    Args:
        redaction: applied to each finished line.
        write: takes a line.
        debug: with time, origin and traces.
    """

    def __init__(self, redaction: Redaction, write: Callable[[str], None], *, debug: bool) -> None:
        super().__init__()
        self._redaction = redaction
        self._write = write
        self._debug = debug

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; what cannot be written is lost, never in the way."""
        try:
            self._write(self._lines.format(record))
        except Exception:  # noqa: BLE001 - as logging itself does
            self.handleError(record)

    @cached_property
    def _lines(self) -> logging.Formatter:
        """Made with the first record: most commands have none, and structlog brings Rich along."""
        import structlog

        stdlib, processors = structlog.stdlib, structlog.processors
        stamps: list[Any] = [stdlib.add_logger_name, processors.TimeStamper("iso", utc=True)]
        first = _EACH if self._debug else ("level", "event")
        return stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                stdlib.add_log_level,
                partial(_beside, stdlib.ExtraAdder()),
                *(stamps if self._debug else []),
            ],
            processors=[
                stdlib.ProcessorFormatter.remove_processors_meta,
                processors.format_exc_info if self._debug else _without_trace,
                self._redact,
                processors.KeyValueRenderer(key_order=first, drop_missing=True),
            ],
        )

    def _redact(self, _logger: object, _name: str, event: _Event) -> _Event:
        # before the texts are quoted, which would give a secret with quotes another form
        return {
            name: self._redaction(value if isinstance(value, str) else repr(value))
            for name, value in event.items()
        }


def start_logging(redaction: Redaction, write: Callable[[str], None], *, debug: bool) -> None:
    """Log from now on; whatever was set up before is replaced.

    Args:
        redaction: applied to each finished line.
        write: takes a line.
        debug: everything, with time and origin, instead of our own warnings.
    """
    handler = Lines(redaction, write, debug=debug)
    root, ours = logging.getLogger(), logging.getLogger("remediate")
    for logger in (root, ours):
        for old in [each for each in logger.handlers if isinstance(each, Lines)]:
            logger.removeHandler(old)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    (root if debug else ours).addHandler(handler)
    if not root.handlers:
        root.addHandler(logging.NullHandler())  # else Python prints the warnings of libraries
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _beside(
    add: Callable[[logging.Logger, str, _Event], _Event],
    logger: logging.Logger,
    name: str,
    event: _Event,
) -> _Event:
    """Add what is said beside a text: an extra of the same name would take the text's place."""
    extras = add(logger, name, {"_record": event["_record"]})
    event.update({f"{key}_" if key in _EACH else key: value for key, value in extras.items()})
    return event


def _without_trace(_logger: object, _name: str, event: _Event) -> _Event:
    event.pop("exc_info", None)
    return event

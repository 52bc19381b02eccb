"""What is logged goes to stderr, without secrets: warnings of our own, or all with `--debug`."""

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

from remediate.redaction import Redaction

_QUIET = ("spnego", "asyncio", "filelock")
"""Libraries whose debug output holds hashes of passwords, or nothing of use."""


class Lines(logging.Handler):
    """Hands each finished line to a function.

    Args:
        write: takes a line.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; what cannot be written is lost, never in the way."""
        try:
            self._write(self.format(record))
        except Exception:  # noqa: BLE001 - as logging itself does
            self.handleError(record)


def start_logging(redaction: Redaction, write: Callable[[str], None], *, debug: bool) -> None:
    """Log from now on; whatever was set up before is replaced.

    Args:
        redaction: applied to each finished line.
        write: takes a line.
        debug: everything, with time and origin, instead of our own warnings.
    """
    import structlog

    def redact(
        _logger: object, _name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        # before the texts are quoted, which would give a secret with quotes another form
        return {
            name: redaction(value if isinstance(value, str) else repr(value))
            for name, value in event.items()
        }

    stamps = [structlog.stdlib.add_logger_name, structlog.processors.TimeStamper("iso", utc=True)]
    traces = [structlog.processors.format_exc_info]
    first = ["timestamp", "level", "logger", "event"] if debug else ["level", "event"]
    shared: list[Any] = [structlog.stdlib.add_log_level, *(stamps if debug else [])]
    handler = Lines(write)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(traces if debug else [_without_trace]),
                redact,
                structlog.processors.KeyValueRenderer(key_order=first, drop_missing=True),
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
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


def _without_trace(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event.pop("exc_info", None)
    return event

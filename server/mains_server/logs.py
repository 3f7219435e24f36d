"""How the processes of the server log: lines for people, or JSON for machines. Never a query's text or variables.

Of an exception its type and its frames are logged: messages of drivers quote the values that they were given.
"""

import logging
import sys
import traceback

import structlog

from mains_server.settings import Settings


def log_to_console(*, settings: Settings) -> None:
    """Send what the rooms and the libraries log to standard error, in the form that the settings name."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_message,
    ]
    is_json = settings.log_format == "json"
    form: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[*shared, form],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, form],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def without_message(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace an exception by what it is and where it was raised, without what it says."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        chain = []
        while error is not None and error not in chain:
            chain.append(error)
            error = error.__cause__ or error.__context__
        event["error"] = " from ".join(type(one).__qualname__ for one in chain)
        event["frames"] = "".join(traceback.format_tb(chain[0].__traceback__))
    return event

"""How the processes of the server log: lines for people, or JSON for machines. Never a query's text or variables."""

import logging
import sys

import structlog

from mains_server.settings import Settings


def log_to_console(*, settings: Settings) -> None:
    """Send what the rooms and the libraries log to standard error, in the form that the settings name."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    is_json = settings.log_format == "json"
    form: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    )
    errors: list[structlog.typing.Processor] = [structlog.processors.format_exc_info] if is_json else []
    structlog.configure(
        processors=[*shared, *errors, form],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *errors, form],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)

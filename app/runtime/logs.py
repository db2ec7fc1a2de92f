"""What this process says on standard error."""

import logging
import sys

import structlog


def quiet_logs(level: str = "warning") -> None:
    """Structured lines on standard error, from `level` up.

    Tracebacks come without the values of variables: those are secrets and addresses.
    """
    numbers = {"debug": 10, "info": 20, "warning": 30, "error": 40}
    # A tick that finds the last one still at work is no news: the next one takes what is left.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numbers[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

"""What the machine around us refuses, told in a sentence: the database, the disk, the rights to a file."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from sqlite3 import DatabaseError as SqliteError

import click
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from app.services.starting import NewerDatabase
from config import SettingsError

RESUME = "What was committed stays; give the command again when it is mended."
ANOTHER_RELEASE = "The database is not of this release. Run `trellis migrate`, then `trellis doctor`."
# Of what SQLite and PostgreSQL say, the words that tell which remedy helps.
REMEDIES = (
    ("no such table", ANOTHER_RELEASE),
    ("no such column", ANOTHER_RELEASE),
    ("does not exist", ANOTHER_RELEASE),
    ("locked", "Another command is writing for long; wait for it and try again."),
    ("full", f"Make room on the disk. {RESUME}"),
    ("i/o error", f"Make room on the disk, or mend it. {RESUME}"),
    ("readonly", "Give this user the right to write in the data folder (TRELLIS_DATA_DIR)."),
    ("unable to open", "Check TRELLIS_DATA_DIR and the rights to it."),
    ("not a database", "Put the file back from your backup, or name another folder with TRELLIS_DATA_DIR."),
    ("malformed", "Put the file back from your backup, or name another folder with TRELLIS_DATA_DIR."),
)
OTHERWISE = "Check TRELLIS_DATABASE_URL and the server; `trellis doctor` looks closer."


@contextmanager
def told() -> Iterator[None]:
    """Faults of the surroundings become ClickExceptions; faults of ours stay what they are."""
    try:
        yield
    except NewerDatabase as error:
        raise click.ClickException(f"{error} Install that release, or go back to a backup.") from None
    except SettingsError as error:
        raise click.ClickException(f"A setting is wrong.\n{error}") from None
    except DBAPIError as error:
        if not _of_the_surroundings(error):
            raise
        raise click.ClickException(database_fault(error)) from None
    except OSError as error:
        if error.errno is None or error.errno == errno.EPIPE:
            raise
        raise click.ClickException(_file_fault(error)) from None


def database_fault(error: Exception) -> str:
    """What the database says, and the remedy."""
    said = str(getattr(error, "orig", None) or error).strip().splitlines()[0].rstrip(".")
    known = (remedy for words, remedy in REMEDIES if words in said.lower())
    return f"The database: {said}. {next(known, OTHERWISE)}"


def _of_the_surroundings(error: DBAPIError) -> bool:
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return type(error.orig) is SqliteError or (
        isinstance(error, ProgrammingError) and "does not exist" in str(error.orig)
    )


def _file_fault(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    remedy = "Check the path and your rights to it."
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        remedy = f"Make room on the disk. {RESUME}"
    return f"{where}{error.strerror}. {remedy}"

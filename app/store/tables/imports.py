"""Files that brought contacts: one row a file, and one for each line that was rejected or needs a word."""

from sqlalchemy import PrimaryKeyConstraint, Table

from app.store.tables.columns import (
    ForeignKey,
    Id,
    Index,
    Instant,
    Integer,
    Json,
    Text,
    key,
    metadata,
    plain,
    pseudonymous,
    reason,
    workspace,
)  # fmt: skip

imports = Table(
    "imports",
    metadata,
    key(),
    workspace(),
    pseudonymous("user_id", Id, nullable=True),
    plain("file_name", Text),
    plain("path", Text),  # below the data folder
    plain("digest", Text),
    plain("format", Json),  # encoding, delimiter
    plain("mapping", Json),
    plain("options", Json),
    # draft / checking / checked / ready / running / stopped / done / failed / cancelled / weighing / undoing / undone
    plain("state", Text),
    plain("position", Integer),  # rows dealt with; the next chunk starts here
    plain("counts", Json),
    plain("problem", Json, nullable=True),
    plain("created_at", Instant),
    plain("finished_at", Instant, nullable=True),
    # Of one that is brought in the browser: what is chosen besides the options, how often it was changed, what the
    # dry run saw, how far the work in hand is, and what undoing it would do or did.
    plain("draft", Json, nullable=True),
    plain("revision", Integer, nullable=True),
    plain("seen", Json, nullable=True),
    plain("total", Integer, nullable=True),
    plain("reached", Integer, nullable=True),
    plain("undo", Json, nullable=True),
    plain("confirmed_at", Instant, nullable=True),
    plain("removed_at", Instant, nullable=True),  # when its file was
    Index(None, "workspace_id", "created_at"),
)

import_rows = Table(
    "import_rows",
    metadata,
    pseudonymous("import_id", Id, ForeignKey("imports.id")),
    plain("row_number", Integer),
    plain("result", Text),  # rejected / noted
    *reason(),
    PrimaryKeyConstraint("import_id", "row_number"),
    info={"whose": "named"},
)

"""Files that belong to pieces of the library: guides as PDF, their pictures."""

from sqlalchemy import LargeBinary, PrimaryKeyConstraint, Table

from app.store.tables.columns import Instant, Integer, Text, metadata, plain, workspace

# In the database, so that a backup holds them and every web server has them.
content_files = Table(
    "content_files",
    metadata,
    workspace(),
    plain("digest", Text),  # SHA-256 of the bytes, in hexadecimal: the versions of a piece name it
    plain("media_type", Text),
    plain("size", Integer),
    plain("data", LargeBinary),
    plain("added_at", Instant),
    PrimaryKeyConstraint("workspace_id", "digest"),
)

__all__ = ["content_files"]

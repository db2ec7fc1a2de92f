"""How many people a segment held when it was last counted: lists show it without counting anew."""

from sqlalchemy import Boolean, Table

from app.store.tables.columns import Float, ForeignKey, Id, Instant, Integer, metadata, plain, workspace

segment_counts = Table(
    "segment_counts",
    metadata,
    plain("definition_id", Id, ForeignKey("definitions.id"), primary_key=True),
    workspace(),
    plain("version_id", Id),
    plain("people", Integer, nullable=True),  # null: counting was broken off
    plain("more", Boolean),  # there are more than `people`
    plain("took", Float),  # seconds
    plain("at", Instant),
)

__all__ = ["segment_counts"]

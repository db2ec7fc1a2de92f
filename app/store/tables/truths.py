"""What is checked of the rows, how far the checks have come, what they found; and what is known of mail domains."""

from sqlalchemy import PrimaryKeyConstraint, Table, UniqueConstraint, text

from app.store.tables.columns import (
    Id,
    Index,
    Instant,
    Integer,
    Text,
    contact,
    key,
    metadata,
    plain,
    pseudonymous,
    workspace,
)  # fmt: skip

# One row a rule: it goes through its table round by round, a bounded number of rows a run.
truth_checks = Table(
    "truth_checks",
    metadata,
    workspace(),
    plain("rule", Text),
    pseudonymous(
        "reached", Id, nullable=True
    ),  # the last row of this round that was looked at; null: a round begins
    plain("looked_at", Instant),
    plain("looked", Integer),  # rows of the last run
    plain("round_since", Instant),
    plain("round_looked", Integer),
    plain("whole_at", Instant, nullable=True),  # when a round last came to the end of the table
    plain("whole_looked", Integer),
    PrimaryKeyConstraint("workspace_id", "rule"),
)

truth_findings = Table(
    "truth_findings",
    metadata,
    key(),
    workspace(),
    plain("rule", Text),
    plain("fault", Text),
    pseudonymous("subject", Id),  # the row that is wrong
    contact(nullable=True),
    plain("first_seen_at", Instant),
    plain("last_seen_at", Instant),
    plain("gone_at", Instant, nullable=True),
    UniqueConstraint("workspace_id", "rule", "fault", "subject"),
    Index(
        "ix_truth_findings_open",
        "workspace_id",
        "rule",
        sqlite_where=text("gone_at IS NULL"),
        postgresql_where=text("gone_at IS NULL"),
    ),
    Index(None, "contact_id"),
)

# Whether a domain takes mail at all: its MX is asked for after an import, never during it.
domain_checks = Table(
    "domain_checks",
    metadata,
    workspace(),
    plain("domain", Text),
    plain("takes_mail", Text),  # yes / no / unknown
    plain("mx", Text, nullable=True),  # the best host that takes it
    plain("due_at", Instant),  # when to ask (again)
    plain("asked_at", Instant, nullable=True),
    plain("failures", Integer),
    PrimaryKeyConstraint("workspace_id", "domain"),
    Index(None, "workspace_id", "due_at"),
)

__all__ = ["domain_checks", "truth_checks", "truth_findings"]

"""From whom mail comes and through which relay, and what the breaker looks for."""

from sqlalchemy import Boolean, Index, Table, UniqueConstraint, text

from app.store.tables.columns import (
    Id,
    Instant,
    Integer,
    Sealed,
    Text,
    key,
    metadata,
    personal,
    plain,
    workspace,
)
from app.store.tables.programme import attempts
from app.store.tables.provider_events import mail_outcomes

senders = Table(
    "senders",
    metadata,
    key(),
    workspace(),
    personal("address", Text),
    personal("name", Text),
    plain("serves", Text),  # owner / domain / purpose
    personal("match", Text),  # the owner's address, the domain, the message class or content kind
    plain("preset", Text),  # which provider's habits it began with
    plain("host", Text),  # empty: the relay of the settings
    plain("port", Integer),
    plain("security", Text),
    plain("ca", Text),  # certificates (PEM) that are trusted instead of the system's
    plain("username", Text),
    plain("password", Sealed, nullable=True),
    plain("connections", Integer),
    plain("max_mails", Integer),  # over one connection
    plain("max_age", Integer),  # of a connection, in seconds
    plain("daily_quota", Integer, nullable=True),
    plain("per_minute", Integer, nullable=True),
    plain("bounce_domain", Text),  # empty: as the settings say
    plain("reply_domain", Text),
    plain("enabled", Boolean),
    plain("created_at", Instant),
    plain("updated_at", Instant),
    plain("updated_by", Id, nullable=True),
    UniqueConstraint("workspace_id", "address"),
    UniqueConstraint("workspace_id", "serves", "match"),
    info={"whose": "colleague"},
)


def _rare(name: str, condition: str, *columns: object) -> None:
    """An index over the few rows that the breaker asks for; the many that went well cost it nothing."""
    where = text(condition)
    Index(name, *columns, sqlite_where=where, postgresql_where=where)  # type: ignore[arg-type]


_rare("ix_attempts_refused", "code >= 500", attempts.c.workspace_id, attempts.c.at)
_rare(
    "ix_mail_outcomes_bounced",
    "bounced_at IS NOT NULL",
    mail_outcomes.c.workspace_id,
    mail_outcomes.c.bounced_at,
)
_rare(
    "ix_mail_outcomes_complained",
    "complained_at IS NOT NULL",
    mail_outcomes.c.workspace_id,
    mail_outcomes.c.complained_at,
)

"""What came back by mail: each message as it came, and how far a mailbox was read."""

from sqlalchemy import BigInteger, LargeBinary, PrimaryKeyConstraint, Table, text

from app.store.tables.columns import (
    Id,
    Index,
    Instant,
    Integer,
    Text,
    key,
    metadata,
    personal,
    plain,
    pseudonymous,
    reason,
    workspace,
)  # fmt: skip

inbound_messages = Table(
    "inbound_messages",
    metadata,
    key(),  # made of the content: a message that comes twice is one row
    workspace(),
    plain("source", Text),  # pipe / imap, or who else brought it
    plain("state", Text),  # new / read / review / failed / dismissed
    plain("size", Integer),  # octets as it came; what is kept may be cut
    personal("recipient", Text),  # of the envelope, where it was told
    personal("raw", LargeBinary, nullable=True),  # null once its time is over
    plain("what", Text, nullable=True),  # bounce / complaint / delay / reply / auto-reply / none
    plain("kind", Text, nullable=True),  # of a bounce or delay: hard / soft / policy
    plain("enhanced", Text, nullable=True),
    plain("code", Integer, nullable=True),
    plain("confidence", Text, nullable=True),  # sealed / thread / original / subject / address / person
    pseudonymous("contact_id", Id, nullable=True),
    plain("delivery_id", Id, nullable=True),
    personal("message_id", Text),
    personal("sender", Text),
    personal("subject", Text),
    personal("address", Text),  # of whom the message speaks
    personal("said", Text),  # the other server's words, or what a person wrote
    *reason(),  # what came of it
    plain("failures", Integer),
    plain("due_at", Instant),
    plain("received_at", Instant),
    plain("ended_at", Instant, nullable=True),
    Index(None, "workspace_id", "received_at"),
    Index(
        "ix_inbound_messages_due",
        "due_at",
        sqlite_where=text("state = 'new'"),
        postgresql_where=text("state = 'new'"),
    ),
    Index(
        "ix_inbound_messages_contact",
        "contact_id",
        sqlite_where=text("contact_id IS NOT NULL"),
        postgresql_where=text("contact_id IS NOT NULL"),
    ),
    Index(
        "ix_inbound_messages_kept",
        "received_at",
        sqlite_where=text("raw IS NOT NULL"),
        postgresql_where=text("raw IS NOT NULL"),
    ),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    workspace(),
    plain("place", Text),  # user, host and folder
    plain("uid_validity", BigInteger),  # 32 bits without a sign (RFC 9051, 2.3.1.1)
    plain("last_uid", BigInteger),
    plain("read_at", Instant),
    plain("problem", Text, nullable=True),
    PrimaryKeyConstraint("workspace_id", "place"),
)

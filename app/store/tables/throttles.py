"""How fast mail leaves: what operators set, what providers told us, whose turn is when, and how much left today."""

from sqlalchemy import Date, Float, PrimaryKeyConstraint, Table

from app.store.tables.columns import Instant, Integer, Text, metadata, plain, reason, workspace

# What an operator set instead of the usual rate.
provider_rates = Table(
    "provider_rates",
    metadata,
    workspace(),
    plain("provider", Text),
    plain("per_minute", Float),
    plain("at", Instant),
    PrimaryKeyConstraint("workspace_id", "provider"),
)

# A provider told a sender to slow down.
provider_pressures = Table(
    "provider_pressures",
    metadata,
    workspace(),
    plain("sender", Text),
    plain("provider", Text),
    plain("factor", Float),
    plain("at", Instant),
    plain("rest_until", Instant),
    plain("troubles", Integer),
    *reason(),
    PrimaryKeyConstraint("workspace_id", "sender", "provider"),
    info={"whose": "colleague"},
)

# When the next mail of a lane (a sequence, a broadcast) may leave; provider "*" is the sender's own limit.
throttle_lanes = Table(
    "throttle_lanes",
    metadata,
    workspace(),
    plain("sender", Text),
    plain("provider", Text),
    plain("lane", Text),
    plain("free_at", Instant),
    PrimaryKeyConstraint("workspace_id", "sender", "provider", "lane"),
)

# Mails let go on a day: of a sender for its quota, of a domain ("@example.com") for its warm-up.
sending_days = Table(
    "sending_days",
    metadata,
    workspace(),
    plain("whose", Text),
    plain("day", Date),
    plain("count", Integer),
    PrimaryKeyConstraint("workspace_id", "whose", "day"),
)

warm_ups = Table(
    "warm_ups",
    metadata,
    workspace(),
    plain("domain", Text),
    plain("first_day", Date),
    plain("at", Instant),
    PrimaryKeyConstraint("workspace_id", "domain"),
)

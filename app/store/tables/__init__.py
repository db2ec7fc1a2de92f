"""Every table of the one schema; `metadata` is what migrations are checked against."""

from app.store.tables.accounts import account_mails, account_rules, recovery_codes, second_factors
from app.store.tables.api import api_answers, api_tokens
from app.store.tables.broadcasts import broadcast_people, broadcasts
from app.store.tables.columns import metadata
from app.store.tables.dkim import dkim_keys
from app.store.tables.imports import import_rows, imports
from app.store.tables.inbound import inbound_messages, mailboxes
from app.store.tables.library import content_files
from app.store.tables.people import (
    audit_entries,
    companies,
    consent_entries,
    consents,
    contact_criteria,
    contact_stages,
    contact_tags,
    contacts,
    fact_changes,
    field_definitions,
    identities,
    interests,
    merges,
    scores,
    sign_ins,
    suppressions,
    users,
    workspaces,
)  # fmt: skip
from app.store.tables.privacy import confirmations, erasures
from app.store.tables.programme import (
    admissions,
    attempts,
    definition_versions,
    definitions,
    deliveries,
    enrollments,
    hook_subscriptions,
    score_entries,
    sender_states,
    task_turns,
    tasks,
    template_variants,
    web_calls,
)  # fmt: skip
from app.store.tables.provider_events import (
    mail_outcomes,
    provider_events,
    webhook_calls,
    webhook_endpoints,
)  # fmt: skip
from app.store.tables.segments import segment_counts
from app.store.tables.senders import senders
from app.store.tables.signals import events, hits, job_runs, timeline
from app.store.tables.throttles import (
    provider_pressures,
    provider_rates,
    sending_days,
    throttle_lanes,
    warm_ups,
)  # fmt: skip
from app.store.tables.truths import domain_checks, truth_checks, truth_findings
from app.store.tables.working import bulk_acts, bulk_changes, saved_views

PARTITIONED = (hits, events, attempts, timeline)

__all__ = [
    "PARTITIONED",
    "account_mails",
    "account_rules",
    "admissions",
    "api_answers",
    "api_tokens",
    "attempts",
    "audit_entries", "broadcast_people", "broadcasts",
    "bulk_acts",
    "bulk_changes",
    "companies",
    "confirmations",
    "consent_entries",
    "consents",
    "contact_criteria",
    "contact_stages",
    "contact_tags",
    "contacts",
    "content_files",
    "definition_versions",
    "definitions",
    "deliveries",
    "dkim_keys",
    "domain_checks",
    "enrollments",
    "erasures",
    "events",
    "fact_changes",
    "field_definitions",
    "hits",
    "hook_subscriptions",
    "identities",
    "import_rows",
    "imports",
    "inbound_messages",
    "interests",
    "job_runs",
    "mail_outcomes",
    "mailboxes",
    "merges",
    "metadata",
    "provider_events",
    "provider_pressures",
    "provider_rates",
    "recovery_codes",
    "saved_views",
    "score_entries",
    "scores",
    "second_factors",
    "segment_counts",
    "sender_states",
    "senders",
    "sending_days",
    "sign_ins",
    "suppressions",
    "task_turns",
    "tasks",
    "template_variants",
    "throttle_lanes",
    "timeline",
    "truth_checks",
    "truth_findings",
    "users",
    "warm_ups",
    "web_calls",
    "webhook_calls",
    "webhook_endpoints",
    "workspaces",
]  # fmt: skip

"""Who may open what: every route by its endpoint, with the least role it needs. Unlisted is closed."""

PUBLIC = "public"

ACCESS: dict[str, str] = {
    "static": PUBLIC,
    "account.sign_in": PUBLIC,
    "account.sign_out": "viewer",
    "account.password": "viewer",
    "account.theme": PUBLIC,
    "today.show": "viewer",
    "contacts.index": "viewer",
    "contacts.show": "viewer",
    "sequences.index": "viewer",
    "sequences.show": "viewer",
    "catcher.index": "viewer",
    "catcher.show": "viewer",
    "catcher.html": "viewer",
    "health.show": "viewer",
    "returned.index": "viewer",
    "returned.show": "viewer",
    "returned.raw": "admin",
    "returned.assign": "sales",
    "returned.dismiss": "sales",
    "deliveries.index": "viewer",
    "deliveries.show": "viewer",
    "deliveries.settle": "admin",
    "truths.show": "viewer",
    "truths.look": "admin",
    "suppressions.index": "viewer",
    "suppressions.show": "admin",
    "suppressions.add": "admin",
    "suppressions.lift": "admin",
    "suppressions.export": "admin",
    "sending.show": "viewer",
    # Pressing needs more than a role: admins, and whoever was given `may_send`.
    "sending.stop": "viewer",
    "sending.resume": "viewer",
    **{
        f"senders.{act}": "admin"
        for act in ("index", "begin", "add", "show", "change", "pause", "resume", "test", "remove")
    },
    "webhooks.show": "admin",
    "webhooks.add": "admin",
    "webhooks.remove": "admin",
    "webhooks.certificate": "admin",
}

# Blueprints whose routes carry their own proof (a sealed token in the address, a key in a header).
OWN_PROOF = frozenset({"recipients", "api", "incoming"})

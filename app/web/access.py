"""Who may open what: every route by its endpoint, with the least role and the right it needs. Unlisted is closed."""

PUBLIC = "public"

ACCESS: dict[str, str] = {
    "static": PUBLIC,
    "htmx": PUBLIC,
    "account.sign_in": PUBLIC,
    "account.sign_out": "viewer",
    "account.password": "viewer",
    "account.theme": PUBLIC,
    # A link out of a mail is the proof.
    "entry.invited": PUBLIC,
    "entry.forgot": PUBLIC,
    "entry.reset": PUBLIC,
    # Half a sign-in is the proof.
    "entry.code": PUBLIC,
    **{
        f"own.{act}": "viewer"
        for act in ("show", "second_step", "begin", "confirm", "codes", "turn_off", "revoke", "revoke_others")
    },
    **{
        f"colleagues.{act}": "admin"
        for act in (
            "index",
            "invite",
            "resend",
            "withdraw",
            "show",
            "change",
            "disable",
            "enable",
            "away",
            "second_step_rule",
            "take_away",
        )
    },
    "colleagues.rights": "viewer",
    **{f"tokens.{act}": "admin" for act in ("index", "make", "revoke")},
    "today.show": "viewer",
    **{f"audit.{act}": "admin" for act in ("index", "export")},
    "contacts.index": "viewer",
    "contacts.show": "viewer",
    # Consent that is written down on the same form takes a marketer, as on the contact's page.
    "adding.form": "sales",
    "adding.add": "sales",
    # Everybody may keep searches for themselves; what the team sees takes somebody who works with contacts.
    **{f"views.{act}": "viewer" for act in ("index", "save", "show", "rename", "overwrite", "delete")},
    "views.share": "sales",
    "companies.index": "viewer",
    "companies.show": "viewer",
    # Everybody who speaks with people keeps their companies, and may stop mail; to let it go again takes an admin.
    **{
        f"companies.{act}": "sales"
        for act in ("new", "create", "edit", "change", "put_in", "take_out", "stop")
    },
    "companies.lift": "admin",
    **{
        f"acting.{act}": "marketer" for act in ("prepare", "begin", "index", "show", "stop", "undo", "export")
    },
    **{f"merging.{act}": "marketer" for act in ("find", "compare", "merge", "parting", "part")},
    **{f"tasks.{act}": "viewer" for act in ("index", "show")},
    **{f"talks.{act}": "sales" for act in ("show", "record", "accept", "send_back")},
    **{f"tasks.{act}": "sales" for act in ("take", "hand_over", "put_off", "done")},
    "contact.why": "viewer",
    **{
        f"contact.{act}": "sales"
        for act in (
            "ways",
            "move",
            "stay",
            "leave",
            "go_on",
            "facts",
            "set_facts",
            "set_owner",
            "tag",
            "note",
        )
    },
    # Everybody who speaks with people may take a consent back; writing one down takes more.
    "contact.consents": "sales",
    "contact.withdraw": "sales",
    **{f"contact.{act}": "sales" for act in ("holding", "hold", "release")},
    **{f"contact.{act}": "marketer" for act in ("give", "doors", "enroll", "skip", "send_now")},
    **{
        f"imports.{act}": "marketer"
        for act in (
            "index",
            "begin",
            "upload",
            "show",
            "progress",
            "columns",
            "reread",
            "map_columns",
            "left",
            "say_left",
            "bring_left",
            "options",
            "choose",
            "check",
            "run",
            "stop",
            "resume",
            "discard",
            "weigh",
            "undo",
            "results",
        )
    },
    "sequences.index": "viewer",
    "sequences.show": "viewer",
    "sequences.history": "viewer",
    **{
        f"sequences.{act}": "marketer"
        for act in ("create", "write", "save", "drop", "clone", "prepare", "follow", "running", "again")
    },
    # Acting on people needs a right besides, see RIGHTS.
    **{f"sequences.{act}": "marketer" for act in ("publish", "pause", "resume", "retire", "bring_back")},
    "broadcasts.index": "viewer",
    "broadcasts.show": "viewer",
    **{
        f"broadcasts.{act}": "marketer"
        for act in ("new", "create", "edit", "change", "freeze", "confirm", "pause", "resume", "cancel")
    },
    "segments.index": "viewer",
    "segments.show": "viewer",
    **{
        f"segments.{act}": "marketer"
        for act in (
            "new",
            "edit",
            "shape",
            "count",
            "review",
            "publish",
            "archive",
            "restore",
            "make_list",
            "look_up",
            "delete_list",
        )
    },
    **{f"templates.{act}": "viewer" for act in ("index", "show", "html", "history")},
    **{
        f"templates.{act}": "marketer"
        for act in ("create", "save", "translate", "test", "drop", "prepare", "publish", "follow", "again")
    },
    "checking.show": "marketer",
    "library.index": "viewer",
    "library.show": "viewer",
    "library.seen": "viewer",
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
    "suppressions.begin": "admin",
    "suppressions.preview": "admin",
    "suppressions.bring": "admin",
    "sending.show": "viewer",
    # Pressing needs a right besides, see RIGHTS.
    "sending.stop": "viewer",
    "sending.resume": "viewer",
    **{
        f"senders.{act}": "admin"
        for act in ("index", "begin", "add", "show", "change", "pause", "resume", "test", "remove")
    },
    **{f"keys.{act}": "admin" for act in ("index", "make", "show", "activate", "retire")},
    "settings.index": "viewer",
    "settings.components": "viewer",
    "assigning.show": "viewer",
    "assigning.look": "marketer",
    "rules.show": "viewer",
    "rules.version": "viewer",
    **{f"rules.{act}": "marketer" for act in ("lint", "look", "publish")},
    "fields.index": "viewer",
    "fields.show": "viewer",
    **{f"fields.{act}": "marketer" for act in ("add", "change", "retire", "bring_back")},
    "outgoing.index": "marketer",
    "outgoing.show": "marketer",
    **{
        f"outgoing.{act}": "admin"
        for act in (
            "replay",
            "receivers",
            "add",
            "steps_key",
            "receiver",
            "change",
            "test",
            "pause",
            "resume",
            "remove",
            "key",
        )
    },
    "webhooks.show": "admin",
    "webhooks.add": "admin",
    "webhooks.remove": "admin",
    "webhooks.certificate": "admin",
}

# What somebody needs besides the role: the right to `publish` or to `send`. Admins have both.
RIGHTS: dict[str, str] = {
    "templates.publish": "publish",
    "sending.stop": "send",
    "sending.resume": "send",
    **{f"sequences.{act}": "publish" for act in ("publish", "pause", "resume", "retire", "bring_back")},
    **{f"broadcasts.{act}": "send" for act in ("confirm", "pause", "resume", "cancel")},
    **{f"segments.{act}": "publish" for act in ("publish", "archive", "restore")},
    "rules.publish": "publish",
}

# Routes that take a file: how large it may be, in bytes. Everything else is small.
UPLOADS = {
    "suppressions.preview": 20_000_000,
    "imports.upload": 201_000_000,
    "imports.say_left": 20_000_000,
}

# Blueprints whose routes carry their own proof (a sealed token in the address, a key in a header).
OWN_PROOF = frozenset({"recipients", "incoming"})

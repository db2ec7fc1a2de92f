"""A crowd written straight into the tables of a workspace, as many as wanted: a hundred for a test, a million for a
benchmark. The database makes the rows itself, so a million people cost minutes and not an hour.

Who has what goes by a hash of their number: every run makes the same crowd.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, select

from app.services.authoring.applying import apply
from app.services.authoring.sources import load_folder
from app.services.importing import ImportOptions
from app.services.viewing.people import COLUMNS
from app.services.world import World
from app.store.tables import contacts, metadata
from app.store.types import to_micros
from tests.services.authoring import content
from tests.support.line import version_of

FIRST = (
    "Inês", "Tomáš", "Sanne", "Giulia", "Aleksandr", "Peter", "Chiara", "Helena", "Mikkel", "Anouk", "Marek", "Yara",
    "Lotte", "Pablo", "Freja", "Kenji", "Aoife", "Bruno", "Zofia", "Emil", "Ивар",
)  # fmt: skip
LAST = (
    "Carvalho", "Novák", "de Boer", "Ferri", "Belov", "Lund", "Galli", "Duarte", "Friis", "Peeters", "Kowalski",
    "Haddad", "Brandt", "Ruiz", "Møller", "Tanaka", "Byrne", "Costa", "Nowak", "Sørensen", "Šimek", "Ångström", "Öz",
)  # fmt: skip
SOURCES = ("fair", "heat cost guide", "webinar", "partner", "website")
COUNTRIES = ("PT", "DK", "IT", "NL", "DE", "RU")
DAY = 86_400
SPAN = 400 * DAY
# How many have one thing where not everybody has it: one of so many. In a dense crowd it is one of four.
DENSE = 4


class Crowd:
    """People `first` to `last` (not included) of a workspace, with all that a programme has made of them."""

    def __init__(self, world: World, now: datetime, users: Sequence[UUID], *, dense: bool = False) -> None:
        self.world, self.now, self.users, self.dense = world, now, users, dense
        self._sqlite = world.database.is_sqlite
        self._connection: Connection | None = None
        self._kind = 0

    def come(self, first: int, last: int) -> None:
        """They and their history."""
        age = f"({last} - n) * CAST({SPAN} AS BIGINT) / {last}"
        with self.world.database.write() as connection:
            self._begin(connection, first, last, self._id_of("1", "n", age), age)
            self._people()
            self._history()
            self._rooms()
            connection.exec_driver_sql("DROP TABLE crowd")
        with self.world.database.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE" if not self._sqlite else "PRAGMA optimize")
            connection.commit()

    def tell_of(self, person: UUID, first: int, last: int) -> None:
        """One person's history alone, with so many lines of everything."""
        with self.world.database.write() as connection:
            self._begin(connection, first, last, self._uuid(person), f"({last} - n) * 3600 + 60")
            self._history()
            self._story()
            connection.exec_driver_sql("DROP TABLE crowd")

    # How it is said in both databases

    def _begin(self, connection: Connection, first: int, last: int, who: str, age: str) -> None:
        self._connection, self._kind = connection, 100
        if self._sqlite:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.create_function("crowd_id", 3, _id, deterministic=True)
        else:
            # What refers to what is known to be right; asked of each row, it would take most of the time.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION crowd_id(kind bigint, n bigint, ms bigint) RETURNS uuid IMMUTABLE LANGUAGE sql "
                "AS $$ SELECT (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8' "
                "|| lpad(to_hex(n), 15, '0'))::uuid $$"
            )
        self._run(
            f"CREATE TEMPORARY TABLE crowd AS WITH RECURSIVE numbers(n) AS (SELECT CAST({first} AS BIGINT) "
            f"UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {last}) "
            f"SELECT n, {age} AS age, (n * 2654435761) % 4294967291 AS h, {who} AS who FROM numbers"
        )

    def _run(self, statement: str) -> None:
        assert self._connection is not None
        # The driver of PostgreSQL takes a per cent sign for a place of a value.
        self._connection.exec_driver_sql(statement if self._sqlite else statement.replace("%", "%%"))

    def _put(self, table: str, where: str = "true", *, own: str | None = "age", **columns: str) -> int:
        """A row for each of the crowd that `where` holds for, with an id that says it was made `own` seconds ago."""
        self._kind += 1
        values = dict(columns)
        if "workspace_id" in metadata.tables[table].c:
            values["workspace_id"] = self._uuid(self.world.workspace_id)
        if own is not None:
            values = {"id": self._id_of(str(self._kind), "n", own), **values}
        names = ", ".join(f'"{name}"' for name in values)
        self._run(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values.values())} FROM crowd WHERE {where}"
        )
        return self._kind

    def _id_of(self, kind: str, n: str, ago: str) -> str:
        return f"crowd_id({kind}, {n}, {to_micros(self.now) // 1000} - CAST({ago} AS BIGINT) * 1000)"

    def _uuid(self, value: UUID) -> str:
        return f"x'{value.hex}'" if self._sqlite else f"'{value}'::uuid"

    def _ago(self, seconds: str) -> str:
        if self._sqlite:
            return f"{to_micros(self.now)} - ({seconds}) * 1000000"
        return f"timestamptz '{self.now.isoformat()}' - ({seconds}) * interval '1 second'"

    def _json(self, text: str) -> str:
        return f"'{text}'" if self._sqlite else f"'{text}'::jsonb"

    def _user(self, by: str) -> str:
        return _pick([self._uuid(user) for user in self.users], by)

    def _of(self, many: int) -> str:
        """True for one of so many."""
        return f"n % {DENSE if self.dense else many} = 0"

    def _reason(self, code: str) -> dict[str, str]:
        return {"reason_code": f"'{code}'", "reason_params": self._json("{}")}

    # What there is

    def _people(self) -> None:
        thirty = 3 if self.dense else 30
        company = self._id_of("2", f"n / {thirty}", "0")
        self._put(
            "companies", f"n % {thirty} = 0", own=None, id=company,
            domain=f"'company' || (n / {thirty}) || '.example'",
            name=f"{_pick([_text(name) for name in LAST], f'n / {thirty}')} || ' Housing ' || (n / {thirty})",
            fields=self._json('{"size": 40}'), created_at=self._ago("age"),
        )  # fmt: skip
        self._put(
            "contacts", own=None, id="who", company_id=f"CASE WHEN h % 10 < 7 THEN {company} END",
            owner_id=f"CASE WHEN h % 3 = 0 THEN {self._user('h / 3')} END",
            first_name=_pick([_text(name) for name in FIRST], "h / 10"),
            last_name=_pick([_text(name) for name in LAST], "h / 1000"), job_title="'Facilities lead'", city="'Porto'",
            country=_pick([f"'{each}'" for each in COUNTRIES], "h / 7"), locale="'pt'", zone="'Europe/Lisbon'",
            origin="'inbound'", source=_pick([f"'{each}'" for each in SOURCES], "h / 13"),
            fields=self._json('{"flats": 40}'), revision="1", created_at=self._ago("age"), updated_at=self._ago("0"),
        )  # fmt: skip
        address = "'person' || n || '@company' || (n / 30) || '.example'"
        self._put(
            "identities", contact_id="who", kind="'email'", value=address, shown_as=address, is_primary="true",
            created_at=self._ago("age"),
        )  # fmt: skip
        stage = "CASE WHEN h % 100 < 62 THEN 'lead' WHEN h % 100 < 98 THEN 'prospect' ELSE 'gone' END"
        self._put(
            "contact_stages", own=None, contact_id="who", lifecycle="'inbound'", stage=stage, since=self._ago("age / 2"),
            revision="1", **self._reason("contact.imported"),
        )  # fmt: skip
        self._put(
            "consents", own=None, contact_id="who", purpose="'guides'", basis="'form'", at=self._ago("age"),
            state="CASE WHEN h % 20 = 0 THEN 'withdrawn' ELSE 'given' END",
        )  # fmt: skip
        for measure, value, most, half_life in (
            ("fit", "h % 97", 9, "NULL"),
            ("engagement", "h % 89", 6, "1814400.0"),
        ):
            self._put(
                "scores", f"h / 100 % 10 < {most}", own=None, contact_id="who", measure=f"'{measure}'", value=value,
                as_of=self._ago("age * (h % 100) / 101"), half_life=f"CAST({half_life} AS DOUBLE PRECISION)",
            )  # fmt: skip
        for tag, where in (("fair", "h % 5 = 0"), ("webinar", "h % 20 = 1"), ("rare", self._of(10_000))):
            self._put(
                "contact_tags",
                where,
                own=None,
                contact_id="who",
                tag=f"'{tag}'",
                added_at=self._ago("age / 2"),
            )
        self._put(
            "suppressions", "h % 50 = 3", scope="'marketing'", value_hash="'crowd' || n", topic="''", contact_id="who",
            source="'person'", at=self._ago("age / 3"), **self._reason("contact.imported"),
        )  # fmt: skip
        for key, where, entry in (("line", "h % 5 < 2", 1), ("offers", "h % 25 = 4", 1)):
            self._stays(key, where, str(entry), "'due'")

    def _stays(self, key: str, where: str, entry: str, state: str) -> None:
        version = version_of(self.world, key)
        step = "pause" if key == "line" else "deal"
        ended = f"{state} = 'ended'"
        self._put(
            "enrollments", where, own="age / 2", definition_id=self._uuid(version.definition_id),
            version_id=self._uuid(version.version_id), contact_id="who", entry_number=entry,
            state=f"CASE WHEN {ended} OR h % 7 = 0 THEN 'ended' WHEN h % 300 = 1 THEN 'parked' ELSE {state} END",
            step=f"'{step}'", visit="1", inside="true", since=self._ago("age / 2"),
            due_at=f"CASE WHEN {ended} OR h % 7 = 0 OR h % 300 = 1 THEN NULL ELSE {self._ago('-(h % 2592000)')} END",
            visits=self._json(f'{{"{step}": 1}}'), failures="0", entered_at=self._ago("age / 2"), entered_by="'trigger'",
            ended_at=f"CASE WHEN {ended} OR h % 7 = 0 THEN {self._ago('age / 4')} END", revision="2",
            **self._reason("enrollment.entered"),
        )  # fmt: skip
        if state == "'due'":
            stay = self._id_of(str(self._kind), "n", "age / 2")
            self._mails(
                where, stay, version.definition_id, "discovery/hello" if key == "line" else "discovery/deal"
            )

    def _mails(self, where: str, stay: str, definition: UUID, template: str) -> None:
        """One that went out, and of some the next one."""
        mail = {
            "contact_id": "who", "enrollment_id": stay, "definition_id": self._uuid(definition), "step": "'hello'",
            "visit": "1", "message_class": "'marketing'", "content_kind": "'discovery'", "topic": "'guides'",
            "template": f"'{template}'", "priority": "50", "once": "true", "sender": "'news@halden.example'",
            "provider": "'other'",
        }  # fmt: skip
        sent = self._put(
            "deliveries", where, own="age / 2", **mail, dedupe_key=f"'{template}' || n",
            state="CASE WHEN h % 40 = 0 THEN 'failed' WHEN h % 40 = 1 THEN 'suppressed' WHEN h % 4000 = 2 THEN 'uncertain' "
            "ELSE 'accepted' END",
            due_at=self._ago("age / 2"), planned_at=self._ago("age / 2"), intent_at=self._ago("age / 2"),
            accepted_at=f"CASE WHEN h % 40 > 1 THEN {self._ago('age / 2')} END", ended_at=self._ago("age / 2"),
            attempts="1", **self._reason("mail.planned"),
        )  # fmt: skip
        self._put(
            "attempts", where, own="age / 2", delivery_id=self._id_of(str(sent), "n", "age / 2"), number="1",
            at=self._ago("age / 2"), worker="'main'", phase="'data'", outcome="'accepted'", code="250", response="'ok'",
        )  # fmt: skip
        self._put(
            "deliveries", f"({where}) AND h % 9 = 1", own="0", **mail, dedupe_key=f"'{template} next' || n", state="'queued'",
            due_at=self._ago("-(h % 1209600)"), planned_at=self._ago("0"), attempts="0", **self._reason("mail.planned"),
        )  # fmt: skip

    def _history(self) -> None:
        for kind, where, verdict in (
            ("clicked", "h % 10 < 3", "CASE WHEN h % 6 = 0 THEN 'machine' ELSE 'human' END"),
            ("opened", "h % 10 < 4", "'machine'"),
            ("visited", "h % 10 > 7", "'human'"),
        ):
            subject = "'heat'" if kind == "visited" else "'discovery/hello'"
            told = self._put(
                "events", where, own="age / 3", contact_id="who", kind=f"'{kind}'", subject=subject, topics="',pricing,'",
                verdict=verdict, source="'hit'", occurred_at=self._ago("age / 3"), received_at=self._ago("age / 3"),
                processed_at=self._ago("age / 3"), failures="0", payload=self._json("{}"),
            )  # fmt: skip
            self._tell(
                where, "event", f"event.{kind}", "age / 3", '{"subject": "discovery/hello", "verdict": "human"}',
                event_id=self._id_of(str(told), "n", "age / 3"),
            )  # fmt: skip
        self._tell("true", "contact", "contact.imported", "age", '{"source": "fair"}')
        self._tell(
            "h % 2 = 0", "mail_accepted", "mail.accepted", "age / 2", '{"template": "discovery/hello"}'
        )
        self._tell("h % 5 = 1", "stage", "stage.qualified", "age / 2", '{"to": "prospect", "from": "lead"}')
        for ago, where in (("age / 2", "h % 5 = 0"), (f"h % {14 * DAY}", "h % 20 = 1")):
            self._put(
                "hits", where, own=ago, kind="'click'", method="'GET'", contact_id="who", at=self._ago(ago),
                received_at=self._ago(ago), user_agent="'Mozilla/5.0'", headers=self._json("{}"), tracking="'individual'",
                verdict=_pick(["'human'", "'machine'", "'unknown'"], "h"), judged_at=self._ago(ago),
            )  # fmt: skip
        for kind, name, old, where in (
            ("stage", "inbound", '"lead"', "h % 3 = 0"),
            ("tag", "fair", "null", "h % 5 = 0"),
            ("field", "city", '"Lisbon"', "h % 4 = 0"),
        ):
            self._put(
                "fact_changes", where, own="age / 2", contact_id="who", kind=f"'{kind}'", name=f"'{name}'",
                old=self._json(old) if old != "null" else "NULL", new=self._json('"prospect"'), source="'engine'",
                at=self._ago("age / 2"), **self._reason("stage.qualified"),
            )  # fmt: skip
        for measure in ("fit", "engagement"):
            self._put(
                "score_entries", "h % 10 < 9", own="age / 2", contact_id="who", measure=f"'{measure}'", rule=f"'{measure}'",
                model_version="1", occasion="'crowd' || n", points="5", at=self._ago("age / 2"),
                **self._reason("score.event"),
            )  # fmt: skip
        self._put(
            "consent_entries", own="age", contact_id="who", purpose="'guides'", state="'given'", basis="'form'",
            source="'form'", at=self._ago("age"), detail=self._json("{}"),
        )  # fmt: skip
        for number, (state, every) in enumerate((("open", 200), ("done", 40))):
            self._put(
                "tasks", f"{self._of(every)}", own="age / 2", contact_id="who", owner_id=self._user("h"), kind="'call'",
                title="'Call them'", body="''", due_at=self._ago("age / 3 - 86400"), state=f"'{state}'",
                dedupe_key=f"'crowd {number} ' || n", created_at=self._ago("age / 2"),
                ended_at=self._ago("age / 3") if state == "done" else "NULL", **self._reason("task.by_step"),
            )  # fmt: skip
        self._came_back()

    def _tell(self, where: str, kind: str, code: str, ago: str, params: str, **more: str) -> None:
        self._put(
            "timeline", where, own=ago, contact_id="who", at=self._ago(ago), kind=f"'{kind}'", code=f"'{code}'",
            params=self._json(params), actor="'engine'", **more,
        )  # fmt: skip

    def _came_back(self) -> None:
        self._put(
            "inbound_messages", self._of(100), own="age / 3", source="'pipe'", size="900", recipient="''",
            state=_pick(["'read'", "'review'", "'dismissed'"], "h"), what="'reply'", confidence="'thread'", contact_id="who",
            message_id="''", sender="'person@x.example'", subject="'Re: A subject'", address="''", said="'Thank you.'",
            failures="0", due_at=self._ago("age / 3"), received_at=self._ago("age / 3"), ended_at=self._ago("age / 3"),
            **self._reason("returned.reply"),
        )  # fmt: skip
        self._put(
            "provider_events", self._of(50), own="age / 3", provider="'ses'", kind="'delivered'", contact_id="who",
            occurred_at=self._ago("age / 3"), received_at=self._ago("age / 3"), text="''", result="'kept'",
            due_at=self._ago("age / 3"), failures="0",
        )  # fmt: skip
        self._put(
            "mail_outcomes", self._of(50), contact_id="who", bounced_at=f"CASE WHEN h % 3 = 0 THEN {self._ago('age / 3')} END",
            delivered_at=self._ago("age / 3"),
        )  # fmt: skip
        self._put(
            "web_calls", self._of(5_000), contact_id="who", dedupe_key="'crowd' || n", url="'https://crm.example/hook'",
            payload=self._json("{}"), state="'dead'", due_at=self._ago("age / 3"), attempts="9",
            created_at=self._ago("age / 3"), ended_at=self._ago("age / 3"), **self._reason("call.failed"),
        )  # fmt: skip

    def _story(self) -> None:
        """What else one person's page shows."""
        self._stays("line", "true", "n + 1000000", "'ended'")
        self._put(
            "deliveries", contact_id="who", definition_id=self._uuid(version_of(self.world).definition_id), step="'hello'",
            visit="1", dedupe_key="'story' || n", message_class="'marketing'", content_kind="'discovery'", topic="'guides'",
            template="'discovery/hello'", priority="50", once="false", state="'accepted'", due_at=self._ago("age"),
            planned_at=self._ago("age"), intent_at=self._ago("age"), accepted_at=self._ago("age"),
            ended_at=self._ago("age"), attempts="1", **self._reason("mail.planned"),
        )  # fmt: skip
        self._put("contact_tags", own=None, contact_id="who", tag="'tag ' || n", added_at=self._ago("age"))
        self._put(
            "interests", own=None, contact_id="who", topic="'topic-' || n", value="3", as_of=self._ago("age"),
            half_life="1814400.0",
        )  # fmt: skip

    def _rooms(self) -> None:
        """What the team has made and done meanwhile."""
        by, made = self._user("h"), self._ago("age")
        self._put(
            "users", self._of(20_000), email="'colleague' || n || '@halden.example'", name="'Colleague ' || n", title="''",
            signature="''", role="'sales'", may_publish="false", may_send="false", must_change_password="false",
            failed_sign_ins="0", created_at=made,
        )  # fmt: skip
        self._put(
            "audit_entries", self._of(20), at=made, user_id=by, action="'sequence.paused'", subject_kind="'definition'",
            subject="'line'", detail=self._json("{}"),
        )  # fmt: skip
        self._put(
            "imports", self._of(2_000), user_id=by, file_name="'fair-' || n || '.csv'", path="''", digest="''",
            format=self._json("{}"), mapping=self._json("[]"), options=self._json(json.dumps(ImportOptions().as_json())), state="'done'", position="100",
            counts=self._json('{"rows": 100, "created": 90, "updated": 9, "rejected": 1}'), created_at=made, finished_at=made,
        )  # fmt: skip
        self._put(
            "bulk_acts", self._of(5_000), user_id=by, form_key="'crowd' || n", act="'tag'",
            params=self._json('{"tag": "fair"}'), why="''", ids=self._json("[]"), state="'done'",
            counts=self._json('{"changed": 3}'), created_at=made, finished_at=made,
        )  # fmt: skip
        cast = self._put(
            "broadcasts", self._of(5_000), title="'Letter ' || n", template="'discovery/hello'", segment="'warm'",
            topic="'guides'", way="'now'", state="'done'", revision="3", turn="3", made_by=by, made_at=made,
            frozen_at=made, confirmed_at=made, ended_at=made,
        )  # fmt: skip
        last = self._id_of(
            str(cast), "(SELECT max(n) FROM crowd WHERE " + self._of(5_000) + ")", "newest.age"
        )
        self._run(
            f"CREATE TEMPORARY TABLE newest AS SELECT n, age FROM crowd WHERE {self._of(5_000)} ORDER BY n DESC LIMIT 1"
        )
        self._run(
            "INSERT INTO broadcast_people (workspace_id, broadcast_id, contact_id, state, due_at, queued_at, reason_code, "
            f"reason_params) SELECT {self._uuid(self.world.workspace_id)}, {last}, who, 'queued', {self._ago('0')}, "
            f"{self._ago('0')}, 'mail.broadcast', {self._json('{}')} FROM crowd, newest WHERE h % 10 = 0"
        )
        self._run("DROP TABLE newest")
        self._put(
            "field_definitions", self._of(25_000), subject="'contact'", key="'extra_' || n", label="'Extra ' || n",
            type="'text'", choices=self._json("[]"), created_at=made,
        )  # fmt: skip
        self._put(
            "api_tokens", self._of(50_000), name="'Program ' || n", scopes=self._json("[]"), token_hash="'crowd' || n",
            hint="'abcd'", created_at=made,
        )  # fmt: skip
        self._put(
            "account_mails", self._of(20_000), kind="'invite'", email="'new' || n || '@halden.example'", address_hash="''",
            network_hash="''", detail=self._json('{"name": "New", "role": "sales", "may_publish": false, "may_send": false}'), asked_by=by, asked_at=self._ago("0"),
            expires_at=self._ago("-86400"), sent_at=self._ago("0"), tries="1", said="''",
        )  # fmt: skip
        self._put(
            "sign_ins", self._of(10_000), own=None, token_hash="'crowd' || n", user_id=self._uuid(self.users[0]),
            created_at=self._ago("60"), last_seen_at=self._ago("60"), expires_at=self._ago("-86400"),
            user_agent="'Mozilla/5.0'", address="'127.0.0.1'",
        )  # fmt: skip
        self._put(
            "senders", self._of(50_000), address="'sender' || n || '@halden.example'", name="'Ada'", serves="'owner'",
            match="'owner' || n || '@halden.example'", preset="'plain'", host="''", port="25", security="'none'", ca="''",
            username="''", connections="2", max_mails="100", max_age="60", bounce_domain="''", reply_domain="''",
            enabled="true", created_at=made, updated_at=made,
        )  # fmt: skip
        self._put(
            "truth_findings", self._of(10_000), rule="'scores'", fault="'fold'", subject="who", contact_id="who",
            first_seen_at=made, last_seen_at=made,
        )  # fmt: skip


def _id(kind: int, n: int, ms: int) -> bytes:
    return (ms << 80 | (0x7000 | kind) << 64 | 1 << 63 | n).to_bytes(16, "big")


def _pick(values: Sequence[str], by: str) -> str:
    ways = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
    return f"CASE ({by}) % {len(values)} {ways} END"


def _text(value: str) -> str:
    return f"'{value}'"


def publish(world: World, now: datetime, first: int, last: int) -> None:
    """More of a programme: a sequence of eight steps with two mails of its own, and a segment, for each number."""
    folder: Path = world.settings.data_dir / "content"
    for n in range(first, last):
        texts = {
            f"email_templates/discovery/crowd-{n}-a.mjml": content.mail(),
            f"email_templates/discovery/crowd-{n}-b.mjml": content.mail(),
            f"sequences/discovery/crowd-{n}.yaml": SEQUENCE.format(n=n),
            f"sequences/segments/crowd-{n}.yaml": f"segment: crowd-{n}\nlabel: Crowd {n}\nif: {{tag: fair}}\n",
        }
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8")
    apply(world.database, world.workspace_id, load_folder(folder), world.settings, now)


SEQUENCE = """\
sequence: crowd-{n}
title: Crowd {n}
for: lead
topic: guides
enter: {{on: person}}
exit: [unsubscribed]
steps:
  - hello: {{send: discovery/crowd-{n}-a}}
  - pause: {{wait: 2 working days}}
  - read:  {{wait_for: {{clicked: hello}}, up to: 5 days}}
  - warm:  {{branch: [{{if: {{topic: pricing, at least: 2, in: 14 days}}, go: mark}}, {{else: rest}}]}}
  - mark:  {{set: {{tag: warm}}}}
  - rest:  {{wait: 3 days}}
  - more:  {{send: discovery/crowd-{n}-b}}
  - last:  {{wait: 10 days}}
"""


def lists(world: World) -> list[str]:
    """What the list of contacts can be asked for: its orders, each filter with many, few and nobody, searches, columns,
    and pages far down.
    """
    with world.database.read() as connection:
        found = connection.execute(select(contacts.c.id).order_by(contacts.c.id).limit(2000)).scalars().all()
        owner = connection.execute(
            select(contacts.c.owner_id).where(contacts.c.owner_id.is_not(None)).limit(1)
        )
        owner_id = owner.scalar_one()
        company = connection.execute(
            select(contacts.c.company_id).where(contacts.c.company_id.is_not(None)).limit(1)
        ).scalar_one()
    deep = found[-1]
    narrow = [
        "", "stage=lead", "stage=gone", f"owner={owner_id}", "owner=none", "tag=fair", "tag=rare", "tag=nobody",
        "seq=line", "seq=crowd-1", "topic=guides&consent=withdrawn", "topic=guides&consent=given",
        "topic=offers&consent=given", f"company={company}", "source=fair", "source=nobody", "suppressed=yes",
        "suppressed=no", "fit_from=90", "fit_from=96.5", "eng_to=1", "eng_from=5000", "fit_from=50&eng_from=50",
        "q=nobody", "q=person", "q=person77@", "q=an", "q=Anouk", "q=Anouk+Br", "q=Duarte+Housing",
        "stage=gone&tag=webinar", "stage=prospect&owner=none&tag=rare",
    ]  # fmt: skip
    wanted = [f"{each}&sort={order}" for each in narrow for order in ("newest", "oldest", "fit", "signal")]
    wanted += [f"older={deep}", f"newer={deep}", f"stage=lead&older={deep}", f"suppressed=no&newer={deep}"]
    wanted += [f"sort=fit&older=1.0_{deep}", "sort=signal&older=2025-12-01T00:00:00+00:00_" + str(deep)]
    wanted += ["&".join(f"col={column}" for column in COLUMNS)]
    return [f"/contacts?{each}".replace("+00:00", "%2B00:00") for each in wanted]

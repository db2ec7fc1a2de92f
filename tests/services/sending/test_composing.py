"""What a mail may say is filled: each field that the compiler lets through has a value for a full contact."""

import re
from contextlib import closing
from email import message_from_bytes, policy
from pathlib import Path

from sqlalchemy import insert, update

from app.core.ids import timed_id
from app.mail.language import CLOSED_ROOTS, LISTS
from app.store import tables
from app.store.database import Database
from tests.services.authoring import content
from tests.services.sending.conftest import House
from tests.support import line
from tests.support.smtp_server import ScriptedServer

NAMES = [
    f"{root}.{key}"
    for root, keys in CLOSED_ROOTS.items()
    for key in sorted(keys)
    if root != "links" and f"{root}.{key}" not in LISTS
]
OF_CONTACT = (
    "first_name",
    "last_name",
    "name",
    "email",
    "job_title",
    "city",
    "country",
    "persona",
    "locale",
    "own",
)
OF_COMPANY = ("name", "domain", "own")
PRINTED = [*NAMES, *(f"contact.{key}" for key in OF_CONTACT), *(f"company.{key}" for key in OF_COMPANY)]
BODY = "".join(f"<p>{name}=({{{{ {name} }}}})</p>" for name in PRINTED)
LOOPS = "".join(f"{{% for one in {name} %}}<p>{name}=({{{{ one }}}})</p>{{% endfor %}}" for name in LISTS)
LINKS = "".join(f'<a href="{{{{ links.{key} }}}}">{key}</a> ' for key in sorted(CLOSED_ROOTS["links"]))
MAIL = content.mail(
    more="ask: means\n", body=f"Hello</mj-text><trellis-answers/><mj-text>{BODY}{LOOPS}{LINKS}"
)
OWNER, COMPANY, TASK = (timed_id(line.NOW, word) for word in (b"owner     ", b"company   ", b"task      "))


def test_every_field_a_template_may_name_is_filled_for_a_full_contact(
    database: Database, tmp_path: Path, server: ScriptedServer
) -> None:
    options = {"mails": {"discovery/hello": MAIL}, "brand_home": "https://halden.example.com"}
    with closing(House(database, tmp_path, **options)) as house:
        here = {"workspace_id": house.world.workspace_id, "created_at": line.NOW}
        house.change(
            insert(tables.users).values(
                id=OWNER, email="marta@example.com", name="Marta Lindqvist", title="Advice", signature="Marta", role="marketer",
                may_publish=False, may_send=False, must_change_password=False, failed_sign_ins=0, **here,
            )
        )  # fmt: skip
        house.change(
            insert(tables.companies).values(
                id=COMPANY,
                domain="engines.example",
                name="Analytical Engines",
                fields={"own": "large"},
                **here,
            )
        )
        (who,) = house.plan(
            1, last_name="Lovelace", job_title="Countess", city="London", country="GB", persona="finance", locale="en",
            owner_id=OWNER, company_id=COMPANY,
        )  # fmt: skip
        house.change(update(tables.contacts).values(fields={"own": "blue"}))
        house.change(
            insert(tables.tasks).values(
                id=TASK, contact_id=who, owner_id=OWNER, kind="call", title="Call her", body="", due_at=line.NOW, state="open",
                dedupe_key="x", reason_code="task.by_step", reason_params={"step": "call", "sequence": "line"}, **here,
            )
        )  # fmt: skip
        house.change(update(tables.deliveries).values(context={"task_id": str(TASK)}))
        house.sender(server.port).send_due()
        assert {row.reason_code for row in house.rows("deliveries")} == {"mail.accepted"}
        found = message_from_bytes(server.received[0].data, policy=policy.default).get_body(("plain",))
        assert found is not None
        told = found.get_content()
        assert [name for name in (*PRINTED, *LISTS) if f"{name}=(" not in told or f"{name}=()" in told] == []
        assert "sender.first_name=(Marta)" in told
        assert "brand.mark=(◆ ◆)" in told
        assert "company.own=(large)" in told
        links = {url.rpartition("/")[2] for url in re.findall(r"https?://\S+/i/[\w-]+", told)}
        assert [house.world.keyring.open_referral(token) for token in links] == [who]


def test_a_provider_is_told_which_mail_it_is(
    database: Database, tmp_path: Path, server: ScriptedServer
) -> None:
    with closing(House(database, tmp_path, smtp_host="smtp.postmarkapp.com")) as house:
        house.plan(1)
        house.sender(server.port).send_due()
        [mail] = house.rows("deliveries")
        found = message_from_bytes(server.received[0].data, policy=policy.default)
        opened = house.world.keyring.open_envelope(str(found["X-PM-Metadata-trellis"]))
        assert opened is not None
        assert opened.delivery == mail.id
        assert str(found["X-PM-Metadata-trellis"]) in str(found["Message-ID"])
        assert found["X-PM-KeepID"] == "true"

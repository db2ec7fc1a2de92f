"""MAIL.md, lines 1 to 5, 7 and 8, on the bytes that a strict server took: form, names, addresses, head."""

import re
from base64 import b64decode
from datetime import timedelta
from email.headerregistry import AddressHeader
from pathlib import Path

from app.core.tokens import token_of_local_part
from tests.mail.contract.conftest import (
    BOUNCES,
    DOMAIN,
    HOSTILE,
    LIST,
    ONCE,
    PEOPLE,
    PUBLIC,
    Post,
    head_lines,
    lay,
    send,
    settle,
)
from tests.support.line import NOW
from tests.support.strict_server import Taken, strict_server


def shown(value: bytes) -> str:
    """A field's text as a mail program shows it: its coded words (RFC 2047) decoded, one by one."""
    text = re.sub(r"(?<=\?=)\s+(?==\?)", "", value.decode())
    return re.sub(r"=\?utf-8\?b\?([A-Za-z0-9+/]*=*)\?=", lambda word: b64decode(word[1]).decode(), text)


def forged(token: str) -> str:
    """The same but for one sign in its middle."""
    place = len(token) // 2
    return token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]


def test_line_01_a_strict_server_takes_every_mail(post: Post) -> None:
    assert post.server.refused == []
    assert len(post.of("marketing")) == len(post.of("service")) == len(PEOPLE)
    assert len(post.of("internal")) == len(PEOPLE) - 1  # whoever has no name is told of in no subject
    failed = [row.reason_code for row in post.rows("deliveries") if row.state != "accepted"]
    assert failed == ["mail.missing_field"]


def test_line_01_crlf_only_and_no_line_over_998_octets_nor_an_encoded_one_over_76(post: Post) -> None:
    for mail in post.mails:
        assert re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", mail.data) is None
        head, _, body = mail.data.partition(b"\r\n\r\n")
        assert max(map(len, head.split(b"\r\n"))) <= 998
        assert max(map(len, body.split(b"\r\n"))) <= 76, mail
        assert max([len(line) for line in head.split(b"\r\n") if b"=?" in line], default=0) <= 76, mail
        assert body.isascii()


def test_line_01_each_of_six_fields_stands_once_and_one_recipient_a_message(post: Post) -> None:
    for mail in post.mails:
        names = [name.lower() for name, _ in mail.fields if name != "DKIM-Signature"]
        assert [names.count(name.lower()) for name in ONCE] == [1] * 6
        assert len(names) == len(set(names))
        assert len(mail.taken.recipients) == 1


def test_line_02_plain_comes_first_and_both_are_utf8(post: Post) -> None:
    for mail in post.mails:
        assert mail.read.get_content_type() == "multipart/alternative"
        parts = list(mail.read.iter_parts())
        assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
        assert [part.get_content_charset() for part in parts] == ["utf-8", "utf-8"]
        assert mail.read.defects == []
        assert not any(part.defects for part in parts)


def test_line_03_message_ids_are_sealed_delivery_ids_under_froms_domain(post: Post) -> None:
    found = set()
    for mail in post.mails:
        value = mail.values("Message-ID")[0].decode()
        form = re.fullmatch(rf"<([a-z2-7]{{20,64}})@{re.escape(DOMAIN)}>", value)
        assert form is not None, value
        opened = post.world.keyring.open_envelope(form[1])
        assert opened is not None
        assert opened.delivery == mail.delivery
        assert post.world.keyring.open_envelope(forged(form[1])) is None
        assert mail.delivery.hex not in value
        found.add(value)
    assert len(found) == len(post.mails)


def test_line_03_it_is_the_same_on_every_attempt(sqlite_template: Path, tmp_path: Path) -> None:
    world = lay(tmp_path, sqlite_template)
    settle(world)
    with strict_server(put_off=5) as server:
        send(world, tmp_path, server.port)
        send(world, tmp_path, server.port, NOW + timedelta(hours=3))
    assert len(server.deferred) == 5
    first = {(*mail.recipients, field_of(mail, b"Subject")): mail for mail in server.deferred}
    again = {(*mail.recipients, field_of(mail, b"Subject")): mail for mail in server.taken}
    assert first.keys() <= again.keys()
    for key, mail in first.items():
        assert field_of(mail, b"Message-ID") == field_of(again[key], b"Message-ID")
        assert mail.mail_from == again[key].mail_from
    world.database.close()


def field_of(mail: Taken, name: bytes) -> bytes:
    found = re.search(rb"(?m)^%b: (.*)\r$" % name, mail.data)
    assert found is not None
    return found[1]


def test_line_04_the_envelope_sender_is_verp_signed_and_short(post: Post) -> None:
    for mail in post.mails:
        local, _, domain = mail.taken.mail_from.partition("@")
        assert domain == BOUNCES
        assert re.fullmatch(r"b-[a-z2-7]+", local), local
        assert len(local) <= 64
        opened = post.world.keyring.open_envelope(token_of_local_part(local))
        assert opened is not None
        assert opened.delivery == mail.delivery
        assert post.world.keyring.open_envelope(forged(token_of_local_part(local))) is None


def test_line_05_the_way_out_is_byte_exact_and_unfolded(post: Post) -> None:
    for mail in post.of("marketing"):
        (line,) = head_lines(mail, "List-Unsubscribe")
        assert re.fullmatch(
            rb"List-Unsubscribe: <%b/u/[A-Za-z0-9_-]+>(, <mailto:[!-~]+>)?" % PUBLIC.encode(), line
        )
        assert head_lines(mail, "List-Unsubscribe-Post") == [
            b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        ]
        assert b"=?" not in b"".join(mail.values(name)[0] for name in LIST)
        token = line.rpartition(b"/")[2].rstrip(b">").decode()
        opened = post.world.keyring.open_manage(token)
        assert opened is not None
        assert (opened.delivery, opened.topic) == (mail.delivery, "guides")


def test_line_05_the_list_is_its_topic_and_feedback_has_four_stable_fields(post: Post) -> None:
    said = {(mail.values("List-Id")[0], mail.values("Feedback-ID")[0]) for mail in post.of("marketing")}
    assert len(said) == 1, "the same for everybody"
    ((list_id, feedback),) = said
    assert list_id == f"<guides.{DOMAIN}>".encode()
    assert 1 <= len(feedback.split(b":")) <= 4
    assert re.fullmatch(rb"[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+){0,3}", feedback)


def test_line_05_other_mail_has_no_list(post: Post) -> None:
    for mail in post.of("service", "internal"):
        assert [name for name in LIST if mail.values(name)] == []


def test_line_07_a_domain_outside_ascii_goes_out_in_a_labels(post: Post) -> None:
    mail = post.one("idn")
    assert mail.taken.recipients == ("info@xn--bcher-kva.example",)
    assert b"<info@xn--bcher-kva.example>" in mail.values("To")[0]
    assert "SMTPUTF8" not in mail.taken.options


def test_line_07_a_local_part_outside_ascii_needs_smtputf8(post: Post) -> None:
    mail = post.one("local")
    assert mail.taken.recipients == ("jörg@example.com",)
    assert "SMTPUTF8" in mail.taken.options
    assert [other for other in post.of("marketing") if "SMTPUTF8" in other.taken.options] == [mail]


def test_line_07_without_smtputf8_that_row_fails_for_good_and_the_others_go(
    sqlite_template: Path, tmp_path: Path
) -> None:
    world = lay(tmp_path, sqlite_template)
    names = settle(world)
    with strict_server(smtputf8=False) as server:
        send(world, tmp_path, server.port)
    failed = [
        (names[row.contact_id], row.message_class, row.reason_params["enhanced"])
        for row in Post(world, server, [], ()).rows("deliveries")
        if row.state == "failed" and row.reason_code == "mail.failed"
    ]
    # 5.6.7: the address needs UTF-8 and this server has none (RFC 6531 3.7.4.1).
    assert sorted(failed) == [("local", "marketing", "5.6.7"), ("local", "service", "5.6.7")]
    assert len(server.taken) == 3 * len(PEOPLE) - 3
    world.database.close()


def test_line_07_display_names_survive(post: Post) -> None:
    for who in ("plain", "accents", "idn", "local"):
        mail, columns = post.one(who), PEOPLE[who]
        header = mail.read["To"]
        assert isinstance(header, AddressHeader)
        whole = f"{columns['first_name']} {columns.get('last_name', '')}".strip()
        assert header.addresses[0].display_name == whole
    senders = {mail.read["From"].addresses[0].display_name for mail in post.of("marketing")}
    assert senders == {'Märta, "the" Lindqvist'}


def test_line_08_no_value_adds_or_loses_a_field(post: Post) -> None:
    for kind in ("marketing", "service", "internal"):
        expected = [name for name, _ in post.one("plain", kind).fields]
        for mail in post.of(kind):
            assert [name for name, _ in mail.fields] == expected, mail
            assert set(mail.taken.recipients) != {"all@evil.example"}


def test_line_08_no_control_sign_and_no_coded_word_of_the_data_is_in_the_head(post: Post) -> None:
    for mail in post.mails:
        for name, value in mail.fields:
            text = shown(value)
            assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]", text), (mail, name)
            assert not re.search(r"=\?[^?\s]*\?[bq]\?", text, re.I), "nothing is left for a second decoding"
    hostile = post.one("hostile")
    assert "Bcc" not in {name for name, _ in hostile.fields}
    assert HOSTILE.split("\r\n")[0] in shown(hostile.values("Subject")[0])

"""Signatures that an independent verifier takes, whatever the mail, and that break with what they cover."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.mail.dkim import SIGNED, Signer, sign
from app.mail.dkim_keys import BadKey, key_text, new_key, public_text, read_key, record, strings, zone_line
from app.mail.wire import WholeLines
from tests.mail.support import built
from tests.support.dkim import published, verdicts

AT = datetime(2026, 11, 22, 9, 30, 0, 999_999, tzinfo=UTC)
DOMAIN = "halden.example.com"
RSA, ED = published(DOMAIN, "mail1", new_key("rsa")), published(DOMAIN, "mail2", new_key("ed25519"))
BOTH = (RSA.signer, ED.signer)
RECORDS = {**RSA.records, **ED.records}
HEAD = b"From: Ada <ada@halden.example.com>\r\nTo: bob@example.org\r\nSubject: Hello\r\n"


def good(message: bytes) -> list[bool]:
    return verdicts(message, RECORDS, AT)


def tags(line: bytes) -> dict[str, str]:
    value = re.sub(rb"\s+", b"", line.partition(b":")[2]).decode()
    return dict(part.split("=", 1) for part in value.split(";") if part)


def signature_of(message: bytes) -> bytes:
    found = re.match(rb"DKIM-Signature:.*?\r\n(?![ \t])", message, re.S)
    assert found is not None
    return found[0]


def test_line_6_both_signatures_hold() -> None:
    signed = sign(built(), BOTH, AT)
    assert good(signed) == [True, True]
    assert signed.endswith(built())
    assert [good(one.signer.sign(built(), AT)) for one in (RSA, ED)] == [[True], [True]]


def test_line_6_what_a_signature_says() -> None:
    said = tags(signature_of(RSA.signer.sign(built(), AT)))
    assert {name: said[name] for name in "vacdst"} == {
        "v": "1", "a": "rsa-sha256", "c": "relaxed/simple", "d": DOMAIN, "s": "mail1", "t": str(int(AT.timestamp())),
    }  # fmt: skip
    assert set(said) == {"v", "a", "c", "d", "s", "t", "h", "bh", "b"}, "no l=, no i=, no x="
    covered = said["h"].split(":")
    assert covered.count("From") == 2, "so that nobody adds another one"
    assert set(covered) == set(SIGNED)
    assert max(map(len, signature_of(sign(built(), BOTH, AT)).split(b"\r\n"))) <= 76
    assert tags(signature_of(ED.signer.sign(built(), AT)))["a"] == "ed25519-sha256"


def test_a_lifetime_is_said_and_kept() -> None:
    key = new_key("ed25519")
    brief = Signer(DOMAIN, "mail2", key, timedelta(days=7))
    signed = brief.sign(built(), AT)
    records = {f"mail2._domainkey.{DOMAIN}": record("ed25519", public_text(key))}
    assert verdicts(signed, records, AT + timedelta(days=6)) == [True]
    assert verdicts(signed, records, AT + timedelta(days=8)) == [False]


@pytest.mark.parametrize("name", SIGNED)
def test_line_6_a_changed_or_lost_field_breaks_both(name: str) -> None:
    signed = sign(built(), BOTH, AT)
    field = re.search(rb"(?im)^%b:[^\r]*\r\n" % name.encode(), signed)
    assert field is not None
    changed = field[0].replace(b": ", b": x")
    assert good(signed.replace(field[0], changed)) == [False, False]
    assert good(signed.replace(field[0], b"")) == [False, False]


def test_line_6_a_second_from_breaks_both() -> None:
    signed = sign(built(), BOTH, AT)
    assert good(b"From: Eve <eve@example.net>\r\n" + signed) == [False, False]
    assert good(signed.replace(b"\r\nTo: ", b"\r\nFrom: eve@example.net\r\nTo: ", 1)) == [False, False]


def test_what_relays_do_on_the_way_does_no_harm() -> None:
    signed = sign(built(), BOTH, AT)
    assert good(b"Received: from a by b;\r\n Sun, 22 Nov 2026\r\nReturn-Path: <b@x>\r\n" + signed) == [
        True,
        True,
    ]
    refolded = signed.replace(b"\r\nSubject: Where your", b"\r\nsubject:  Where\r\n\tyour")
    assert refolded != signed
    assert good(refolded) == [True, True]


def test_line_6_a_changed_body_or_one_that_grew_breaks_both() -> None:
    signed = sign(built(), BOTH, AT)
    assert good(signed.replace(b"Good morning", b"Good evening")) == [False, False]
    assert good(signed + b"More.\r\n") == [False, False]
    assert good(signed + b"\r\n\r\n") == [True, True], "empty lines at the end do not count (RFC 6376 3.4.3)"


def test_a_record_that_is_revoked_another_or_gone_breaks_it() -> None:
    signed = RSA.signer.sign(built(), AT)
    name = f"mail1._domainkey.{DOMAIN}"
    other = record("rsa", public_text(new_key("rsa")))
    for records in ({name: "v=DKIM1; k=rsa; p="}, {name: other}, {}):
        assert verdicts(signed, records, AT) == [False]


BODIES = (
    b"", b"\r\n", b"\r\n\r\n\r\n", b"no line end", b".\r\n", b".\r\n..\r\n.dot\r\n", b"text\r\n\r\n\r\n",
    b" \r\n\t\r\n", b"space at the end \r\n", b"x" * 998 + b"\r\n", b"x" * 100_000, b"\r\n.\r\n", b"\r\n" * 5000,
    "Grüße\r\n".encode(), b"\x00\xff\r\n",
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:12]))
def test_odd_bodies(body: bytes) -> None:
    assert good(sign(HEAD + b"\r\n" + body, BOTH, AT)) == [True, True]


LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n\r\n", b""])
LINES = st.binary(max_size=60).map(lambda line: re.sub(rb"[\r\n]", b"", line))
BODY = st.lists(st.tuples(LINES, LINE_ENDS), max_size=12).map(lambda parts: b"".join(a + b for a, b in parts))
VALUE = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x24F, blacklist_categories=("Cc", "Cs", "Zl", "Zp"))
    | st.just("\t"),
    max_size=80,
).map(lambda text: "x" + text.replace("\x85", ""))
FIELD = st.tuples(st.sampled_from([*SIGNED, "X-Else", "Received"]), VALUE)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(FIELD, max_size=14), BODY)
def test_any_head_and_any_body(fields: list[tuple[str, str]], body: bytes) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in [*fields, ("From", "ada@halden.example.com")])
    signed = ED.signer.sign(head.encode() + b"\r\n" + body, AT)
    assert good(signed) == [True]


def test_any_changed_octet_of_value_or_body_is_seen() -> None:
    signed = ED.signer.sign(HEAD + b"\r\nOne line.\r\nAnother one.\r\n", AT)
    start = len(signature_of(signed))
    places = [found.start() for found in re.finditer(rb"[a-zA-Z<>@.]", signed) if found.start() >= start]
    names = {place for name in (b"From:", b"To:", b"Subject:") for place in _span(signed, start, name)}
    assert len(set(places) - names) > 60
    for place in set(places) - names:
        assert good(signed[:place] + b"#" + signed[place + 1 :]) == [False], place


def _span(signed: bytes, start: int, name: bytes) -> range:
    first = signed.index(b"\n" + name, start - 2) + 1
    return range(first, first + len(name))


def test_names_repeated_are_signed_from_the_last_one_up() -> None:
    head = b"Reply-To: a@example.com\r\nFrom: a@halden.example.com\r\nReply-To: b@example.com\r\n"
    assert good(sign(head + b"\r\nx\r\n", BOTH, AT)) == [True, True]


def test_the_type_of_the_message_stays_and_without_signers_it_is_the_same() -> None:
    whole = WholeLines(built())
    assert isinstance(sign(whole, BOTH, AT), WholeLines)
    assert sign(whole, (), AT) is whole
    assert sign(whole, BOTH, AT) == sign(bytes(whole), BOTH, AT)


def test_what_cannot_be_signed_is_refused() -> None:
    with pytest.raises(ValueError, match="without From"):
        RSA.signer.sign(b"To: x@example.com\r\n\r\nbody\r\n", AT)
    with pytest.raises(ValueError, match="2048 bits"):
        Signer(DOMAIN, "s", generate_private_key(65537, 1024))
    for selector in ("", "a b", "a;b", "a\r\nX: y", "-a", "a..b", "A" * 64):
        with pytest.raises(ValueError, match="no selector"):
            Signer(DOMAIN, selector, new_key("ed25519"))
    with pytest.raises(ValueError, match="bad_domain"):
        Signer("halden example", "s", new_key("ed25519"))


def test_keys_are_written_and_read() -> None:
    for algorithm in ("rsa", "ed25519"):
        key = new_key(algorithm)
        assert public_text(read_key(key_text(key))) == public_text(key)
    small = generate_private_key(65537, 1024)
    for text in ("", "hello", key_text(new_key("rsa"))[:400], key_text(small)):
        with pytest.raises(BadKey):
            read_key(text)
    with pytest.raises(BadKey, match="Ed25519"):
        read_key(key_text(ec.generate_private_key(ec.SECP256R1())))  # type: ignore[arg-type]


def test_a_long_record_is_cut_into_strings() -> None:
    text = record("rsa", public_text(new_key("rsa")))
    assert "".join(strings(text)) == text
    assert max(map(len, strings(text))) == 255
    line = zone_line("mail1._domainkey.halden.example.com", text)
    assert line.startswith('mail1._domainkey.halden.example.com. 3600 IN TXT ( "v=DKIM1; k=rsa; p=')
    assert "\n" not in line
    assert "".join(re.findall(r'"([^"]*)"', line)) == text

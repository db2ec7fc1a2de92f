"""MAIL.md, line 6, on the bytes that a strict server took: what an independent verifier says of the signatures."""

import re

import pytest

from tests.mail.contract.conftest import DOMAIN, LIST, ONCE, Post, head_lines
from tests.support.dkim import verdicts
from tests.support.line import NOW

COVERED = (*ONCE, "Content-Type", "Reply-To", *LIST)


def test_line_06_both_signatures_of_every_mail_hold(post: Post) -> None:
    for mail in post.mails:
        assert verdicts(mail.data, post.records, NOW) == [True, True], mail


def test_line_06_what_the_signatures_say_and_cover(post: Post) -> None:
    for mail in post.mails:
        said = [
            dict(re.findall(r"([a-z]+)=([^;]*)", re.sub(r"\s", "", value.decode())))
            for value in mail.values("DKIM-Signature")
        ]
        assert [one["a"] for one in said] == ["rsa-sha256", "ed25519-sha256"]
        for one in said:
            assert (one["v"], one["d"], one["c"]) == ("1", DOMAIN, "relaxed/simple")
            assert not {"l", "i"} & set(one)
            covered = [name.lower() for name in one["h"].split(":")]
            assert covered.count("from") == 2
            assert {name.lower() for name in COVERED if mail.values(name)} <= set(covered), mail


@pytest.mark.parametrize("name", COVERED)
def test_line_06_a_field_that_is_changed_on_the_way_breaks_them(post: Post, name: str) -> None:
    mail = post.one("plain")
    line = head_lines(mail, name)[0]
    changed = mail.data.replace(b"\r\n" + line, b"\r\n" + line.replace(b": ", b": x", 1), 1)
    assert changed != mail.data
    assert verdicts(changed, post.records, NOW) == [False, False]

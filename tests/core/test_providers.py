import pytest

from app.core.providers import RATES, USUAL_RATE, provider_of, rate_of


@pytest.mark.parametrize(
    ("domain", "hosts", "provider"),
    [
        ("gmail.com", (), "google"),
        ("Hotmail.com", (), "microsoft"),
        ("halden.example", ("aspmx.l.google.com",), "google"),
        ("halden.example", ("halden-example.mail.protection.outlook.com",), "microsoft"),
        ("halden.example", ("ALT1.ASPMX.L.GOOGLE.COM.",), "google"),
        ("yahoo.fr", ("mx-eu.mail.am0.yahoodns.net",), "yahoo"),
        ("halden.example", ("mxa-001.pphosted.com", "aspmx.l.google.com"), "proofpoint"),
        ("halden.example", ("mail.hoster.example",), "hoster.example"),
        ("halden.example", (), "halden.example"),
        ("halden.example", ("",), "halden.example"),
        # The end of a name is compared label by label.
        ("halden.example", ("mx.notgoogle.com",), "notgoogle.com"),
    ],
)
def test_a_domain_goes_by_who_takes_its_mail(domain: str, hosts: tuple[str, ...], provider: str) -> None:
    assert provider_of(domain, hosts) == provider


def test_what_the_operator_set_counts_before_what_is_usual() -> None:
    assert rate_of("google") == RATES["google"]
    assert rate_of("hoster.example") == USUAL_RATE
    assert rate_of("google", 5.0) == 5.0

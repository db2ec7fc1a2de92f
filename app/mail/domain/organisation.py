"""Which domain somebody registered: by the public suffix list, out of the wheel, without a network (RFC 7489 3.2)."""

from functools import lru_cache

from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=1)
def _list() -> PublicSuffixList:
    # Domains that others give away below their own count as theirs: one customer does not speak for the next.
    return PublicSuffixList()


@lru_cache(maxsize=2_000)
def organisation_of(domain: str) -> str:
    """The organisational domain of one in A-labels: `mail.shop.co.uk` → `shop.co.uk`. A public suffix is its own."""
    domain = domain.lower().rstrip(".")
    return _list().privatesuffix(domain) or domain


def same_organisation(one: str, other: str) -> bool:
    return organisation_of(one) == organisation_of(other)

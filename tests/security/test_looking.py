"""Looking changes nothing: every route by GET and HEAD, signed in and not, with all tables seen before and after."""

from sqlalchemy import select

from app.store import tables
from tests.security.conftest import Site

# Who signed in, and when they were last seen, is book-keeping of the team's pages.
KEPT = frozenset({"sign_ins"})


def rows_of(site: Site) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with site.scene.world.database.read() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in tables.metadata.sorted_tables
            if table.name not in KEPT
        }


def test_no_route_changes_anything_by_get_or_head(site: Site) -> None:
    paths = site.paths()
    visitors = [site.stranger(), site.as_role("admin")]
    before, mails = rows_of(site), site.caught.count()
    for endpoint, path in paths.items():
        for method in ("GET", "HEAD"):
            for visitor in visitors:
                answer = visitor.client.open(path, method=method)
                answer.close()
                assert answer.status_code < 400, (endpoint, path)
                assert rows_of(site) == before, f"{method} {endpoint} changed a table"
    assert site.caught.count() == mails
    assert {hit.method for hit in site.visitor.hits()} == {"GET", "HEAD"}


def test_acting_routes_do_not_answer_to_looking(site: Site) -> None:
    looking = {rule.rule for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    acting = [
        rule
        for rule in site.app.url_map.iter_rules()
        # Of one address with a page and a form only the page answers a look, as is seen above.
        if "GET" not in (rule.methods or ()) and (rule.rule not in looking or "<" in rule.rule)
    ]
    assert len(acting) >= 5
    browser = site.as_role("admin")
    before = rows_of(site)
    for rule in acting:
        token = site.request if rule.rule.startswith("/k/") else site.visitor.manage()
        path = rule.rule.replace("<token>", token).replace("<value>", "100").replace("<form>", "guides")
        for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
            if path.startswith("/a/") or (
                path.startswith(("/u/", "/p/", "/d/", "/k/", "/join/")) and method in ("GET", "HEAD")
            ):
                continue  # the same address shows the page by GET, seen above
            assert browser.client.open(path, method=method).status_code in (400, 404, 405), (method, path)
    assert rows_of(site) == before

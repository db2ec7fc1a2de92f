"""Who may act: every route that acts, tried by everybody who may not."""

import pytest

from tests.security.conftest import Site
from tests.security.test_looking import rows_of

# What everybody of the team may do to themselves.
OWN = frozenset({"account.sign_in", "account.sign_out", "account.password", "account.theme"})
OWN_ROOMS = ("recipients.", "incoming.", "entry.", "own.")
# What more than the admin may do.
WRITING = ("create", "save", "drop", "clone", "follow", "again")
SALES = ("sales", "marketer")
IMPORTING = (
    "upload",
    "reread",
    "map_columns",
    "say_left",
    "bring_left",
    "choose",
    "check",
    "run",
    "stop",
    "resume",
    "discard",
    "weigh",
    "undo",
)
MAY = {
    **{f"sequences.{act}": ("marketer",) for act in WRITING},
    **{f"rules.{act}": ("marketer",) for act in ("lint", "look")},
    "assigning.look": ("marketer",),
    **{f"templates.{act}": ("marketer",) for act in (*WRITING, "translate", "test")},
    **{f"imports.{act}": ("marketer",) for act in IMPORTING},
    **{f"acting.{act}": ("marketer",) for act in ("begin", "stop", "undo", "export")},
    **{f"views.{act}": ("viewer", *SALES) for act in ("save", "rename", "overwrite", "delete")},
    "views.share": SALES,
    "adding.add": SALES,
    **{f"fields.{act}": ("marketer",) for act in ("add", "change", "retire", "bring_back")},
    **{f"returned.{act}": SALES for act in ("assign", "dismiss")},
    **{f"talks.{act}": SALES for act in ("record", "accept", "send_back")},
    **{f"tasks.{act}": SALES for act in ("take", "hand_over", "put_off", "done")},
    **{f"broadcasts.{act}": ("marketer",) for act in ("create", "change", "freeze")},
    **{
        f"segments.{act}": ("marketer",)
        for act in ("shape", "count", "review", "make_list", "look_up", "delete_list")
    },
    **{
        f"contact.{act}": SALES
        for act in (
            "move",
            "leave",
            "go_on",
            "set_facts",
            "set_owner",
            "tag",
            "withdraw",
            "note",
            "hold",
            "release",
        )
    },
    **{f"companies.{act}": SALES for act in ("create", "change", "put_in", "take_out", "stop")},
    **{f"contact.{act}": ("marketer",) for act in ("give", "enroll", "skip", "send_now")},
    **{f"merging.{act}": ("marketer",) for act in ("merge", "part")},
}


def _acting(site: Site, role: str = "") -> list[str]:
    rules = [rule for rule in site.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    paths = [
        rule.rule.replace("<uuid:message_id>", str(site.returned))
        .replace("<uuid:suppression_id>", str(site.suppression))
        .replace("<uuid:mail_id>", str(site.invitation))
        .replace("<uuid:token_id>", str(site.colleague))
        .replace("<uuid:contact_id>", str(site.scene.person))
        .replace("<uuid:other_id>", str(site.twins[0]))
        .replace("<uuid:merge_id>", str(site.twins[1]))
        .replace("<uuid:task_id>", str(site.task))
        .replace("<uuid:import_id>", str(site.draft))
        .replace("<uuid:view_id>", str(site.view))
        .replace("<uuid:act_id>", str(site.bulk_act))
        .replace("<uuid:user_id>", str(site.colleague))
        .replace("<uuid:company_id>", str(site.company))
        .replace("<uuid:field_id>", str(site.field))
        .replace("/sequences/<key>", "/sequences/line")
        .replace("<key>", "warm")
        .replace("<uuid:contact_id>", str(site.scene.person))
        .replace("<uuid:stay_id>", str(site.stay))
        .replace("<any(programme, lifecycle, scoring):room>", "lifecycle")
        .replace("<path:key>", "discovery/hello")
        .replace("<uuid:broadcast_id>", str(site.broadcast))
        .replace("<uuid:receiver_id>", str(site.receiver))
        for rule in rules
        if rule.endpoint not in OWN
        and not rule.endpoint.startswith(OWN_ROOMS)
        and role not in MAY.get(rule.endpoint, ())
    ]
    assert "/sending/stop" in paths
    assert not [path for path in paths if "<" in path], "a route that needs an address here"
    return paths


@pytest.mark.parametrize("role", ["viewer", "sales", "marketer"])
def test_without_the_right_nothing_changes(site: Site, role: str) -> None:
    browser = site.as_role(role)
    before = rows_of(site)
    for path in _acting(site, role):
        assert browser.post(path, {"why": "because"}, on="/sending").status_code == 403, path
    assert rows_of(site) == before


def test_a_stranger_changes_nothing(site: Site) -> None:
    browser = site.stranger()
    before = rows_of(site)
    site.app.config["WTF_CSRF_ENABLED"] = False
    for path in _acting(site):
        answer = browser.client.post(path)
        assert (answer.status_code, answer.location) == (302, "/sign-in"), path
        # Whose sign-in has ended gets back what they wrote.
        refused = browser.client.post(path, data={"why": "because <b>", "current": "a password"})
        assert refused.status_code == 401, path
        told = refused.get_data(as_text=True)
        assert "because &lt;b&gt;" in told, path
        assert "a password" not in told, path
    assert rows_of(site) == before


def test_without_the_proof_of_the_form_an_admin_changes_nothing(site: Site) -> None:
    browser = site.as_role("admin")
    before = rows_of(site)
    for path in _acting(site):
        for headers in ({}, {"Origin": "https://evil.example", "Referer": "https://evil.example/"}):
            assert browser.client.post(path, data={"why": "x"}, headers=headers).status_code == 400, path
    assert rows_of(site) == before


def test_the_forms_of_recipients_set_no_cookie_and_take_none(site: Site) -> None:
    """Their proof is the token in the address; a cookie would let another site act for somebody."""
    for path in (f"/u/{site.visitor.manage()}", f"/p/{site.visitor.manage()}"):
        assert "Set-Cookie" not in site.visitor.client.get(path).headers
        assert "Set-Cookie" not in site.visitor.client.post(path, data={"part": "topics"}).headers

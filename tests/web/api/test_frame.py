"""What holds for every route: who comes in, how errors look, what is done once, how often one may ask."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.services.api import once, tokens
from app.services.api.tokens import SCOPES
from app.store.tables import api_answers, contacts
from app.web.api.access import ACCESS, OPEN
from tests.web.api.conftest import Program, told

SOMEBODY = "01a20cff-7d00-7706-b273-6f6e00000000"


def routes(program: Program) -> dict[str, tuple[str, str]]:
    """Method and path of every route, by its endpoint."""
    api = program.app.extensions["api"]
    found = {}
    for rule in api.url_map.iter_rules():
        method = "POST" if "POST" in rule.methods else "GET"
        path = rule.rule.removeprefix("/api/v1")
        for name in sorted(rule.arguments):
            path = path.replace(f"<uuid:{name}>", SOMEBODY).replace(f"<{name}>", "line")
        assert "<" not in path, rule.rule
        found[rule.endpoint] = (method, path)
    return found


def contacts_in(program: Program) -> int:
    with program.world.database.read() as connection:
        return connection.execute(select(func.count()).select_from(contacts)).scalar_one()


def test_every_route_is_in_the_table_and_every_scope_opens_something(quick: Program) -> None:
    assert set(routes(quick)) == set(ACCESS)
    assert set(ACCESS.values()) == {OPEN, *SCOPES}


def test_each_route_opens_by_its_scope_alone(quick: Program) -> None:
    every = {scope: quick.limited([scope]) for scope in SCOPES}
    for endpoint, (method, path) in routes(quick).items():
        needed = ACCESS[endpoint]
        if needed == OPEN:
            continue
        for scope, token in every.items():
            answer = quick.call(method, path, token=token, json={} if method == "POST" else None)
            assert (answer.status_code == 403) == (scope != needed), (endpoint, scope, answer.status_code)
            assert answer.status_code != 401
            if scope != needed:
                assert needed in told(answer, 403)["detail"]


def test_without_a_good_token_every_route_says_the_same(quick: Program) -> None:
    expired = tokens.make(
        quick.world.database, quick.world.workspace_id, "x", SCOPES, 1, None, quick.clock.at
    )
    gone = tokens.make(
        quick.world.database, quick.world.workspace_id, "y", SCOPES, None, None, quick.clock.at
    )
    tokens.revoke(quick.world.database, quick.world.workspace_id, gone[0].id, None, quick.clock.at)
    quick.clock.at += timedelta(days=2)
    bad = ("", "x", tokens.PREFIX, quick.token[:-1], quick.token + "x", expired[1], gone[1], "x" * 9000)
    for endpoint, (method, path) in routes(quick).items():
        if ACCESS[endpoint] == OPEN:
            continue
        answers = set()
        for token in bad:
            answer = quick.call(method, path, token=token, json={} if method == "POST" else None)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="trellis"'
            answers.add((answer.status_code, answer.get_data(as_text=True)))
        assert [status for status, _ in answers] == [401], endpoint


def test_a_cookie_of_a_page_opens_nothing_and_no_other_site_is_let_in(quick: Program) -> None:
    headers = {"Origin": "https://evil.example", "Cookie": "trellis_session=x"}
    answer = quick.call("GET", "/contacts", token="", headers=headers)
    told(answer, 401)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    preflight = quick.call("OPTIONS", "/contacts", headers=headers)
    assert preflight.status_code == 405
    assert not [name for name, _ in preflight.headers if name.startswith("Access-Control")]


def test_errors_are_problems(quick: Program) -> None:
    assert quick.get("/nowhere", 404)["code"] == "not_found"
    assert quick.get("/contacts/not-an-id", 404)["code"] == "not_found"
    answer = quick.call("DELETE", "/contacts")
    assert told(answer, 405)["code"] == "method_not_allowed"
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    for options in ({"data": "email=x"}, {"data": b"{}", "content_type": "text/plain"}, {}):
        assert told(quick.call("POST", "/contacts", **options), 415)["code"] == "unsupported_media_type"
    large = {"email": "a@x.example", "fields": {"x": "y" * 2_000_000}}
    assert quick.post("/contacts", large, 413)["code"] == "request_entity_too_large"


def test_a_fault_of_ours_tells_nothing(quick: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.services.api import contacts as service

    def fail(*_: Any) -> None:
        raise RuntimeError("secret of ada@norte.example")

    monkeypatch.setattr(service, "save", fail)
    found = quick.post("/contacts", {"email": "ada@norte.example"}, 500)
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["/email"]),
        ({"email": 3}, ["/email"]),
        ({"email": "a@x.example", "frist_name": "A"}, ["/frist_name"]),
        ({"email": "a@x.example", "first_name": ["A"], "tags": "warm"}, ["/first_name", "/tags"]),
        ({"email": "a@x.example", "tags": ["a", "b,c"]}, ["/tags/1"]),
        (
            {"email": "a@x.example", "consent": {"topics": []}},
            ["/consent/topics", "/consent/basis", "/consent/source"],
        ),
        ({"email": "a@x.example", "a/b~c": 1}, ["/a~1b~0c"]),
    ],
)
def test_a_wrong_body_is_told_place_by_place(quick: Program, body: Any, places: list[str]) -> None:
    assert [one["pointer"] for one in quick.post("/contacts", body, 422)["errors"]] == places


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1.5", "limit=", "nothing=1"])
def test_a_wrong_parameter_is_named(quick: Program, query: str) -> None:
    [place] = quick.get(f"/contacts?{query}", 422)["errors"]
    assert place["parameter"] == query.partition("=")[0]


@pytest.mark.parametrize("path", ["/topics", "/sequences/line", f"/contacts/{SOMEBODY}"])
def test_a_parameter_that_is_not_taken_is_named(quick: Program, path: str) -> None:
    [place] = quick.get(f"{path}?fields=all", 422)["errors"]
    assert place["parameter"] == "fields"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/enrollments?sequence=a&sequence=b", "sequence"),
        ("/enrollments?sequence=line&sequence=line", "sequence"),
        ("/contacts?limit=5&tag=&tag=", "tag"),
        ("/suppressions?lifted=true&limit=5&lifted=false", "lifted"),
        ("/tasks?nothing=1&nothing=2", "nothing"),
    ],
)
def test_a_parameter_that_is_given_twice_is_named(quick: Program, path: str, name: str) -> None:
    [place] = quick.get(path, 422)["errors"]
    assert place["parameter"] == name


@pytest.mark.parametrize("after", ["", "x", "%00", "%ff", "AAAA", "A" * 99, "../../etc", "é" * 22])
def test_a_cursor_that_is_none_is_named(quick: Program, after: str) -> None:
    answer = quick.call("GET", f"/contacts?after={after}")
    assert answer.status_code == (400 if after == "%00" else 422)


HOSTILE = {
    "deep": b'{"email":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep enough": b'{"fields":' + b'{"a":' * 30 + b"1" + b"}" * 30 + b"}",
    "nul": b'{"email": "a\\u0000@x.example"}',
    "nul in a name": b'{"em\\u0000ail": "a@x.example"}',
    "raw nul": b'{"email": "a\0@x.example"}',
    "half a sign": b'{"email": "\\ud800@x.example"}',
    "no utf-8": b'{"email": "\xff@x.example"}',
    "huge number": b'{"email": ' + b"9" * 10_000 + b"}",
    "endless number": b'{"fields": {"x": 1e999}}',
    "no number": b'{"fields": {"x": NaN}}',
    "cut off": b'{"email": "a@x',
    "empty": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_refused(quick: Program, name: str) -> None:
    before = contacts_in(quick)
    answer = quick.call("POST", "/contacts", data=HOSTILE[name], content_type="application/json")
    assert "x.example" not in str(told(answer, 400))
    assert contacts_in(quick) == before


@pytest.mark.parametrize("body", [b"[]", b'"{}"', b"1", b"null", b"true"])
def test_a_body_that_is_no_object_is_refused(quick: Program, body: bytes) -> None:
    answer = quick.call("POST", "/contacts", data=body, content_type="application/json")
    assert told(answer, 422)["errors"][0]["pointer"] == ""


@pytest.mark.parametrize("number", [10**400, -(10**30), 2**63, 1.5e300, -0.0, 5e-324])
def test_a_number_no_field_holds_stops_nothing(program: Program, number: float) -> None:
    found = program.post("/contacts", {"email": "a@x.example", "fields": {"flats": number}}, 422)
    assert found["code"] == "contact.field_unknown"


def test_one_token_may_ask_so_often_and_no_other_is_held_up(quick: Program) -> None:
    most = quick.world.settings.api_rate
    other = quick.limited(["contacts:read"])
    for _ in range(most):
        assert quick.call("GET", "/contacts?limit=x").status_code == 422
    answer = quick.call("GET", "/contacts")
    assert told(answer, 429)["code"] == "too_many_requests"
    assert answer.headers["Retry-After"] == "1"
    quick.get("/contacts", token=other)
    quick.clock.at += timedelta(seconds=1)
    for _ in range(most // 60):
        quick.get("/contacts")
    told(quick.call("GET", "/contacts"), 429)


KEY = {"Idempotency-Key": "order-77"}
ADA = {"email": "ada@norte.example", "first_name": "Ada"}


def test_the_same_request_is_done_once(program: Program) -> None:
    first = program.post("/contacts", ADA, headers=KEY)
    answer = program.call("POST", "/contacts", json=ADA, headers=KEY)
    assert told(answer, 200) == first
    assert first["result"] == "created"
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert (
        program.post("/contacts", {**ADA, "first_name": "Eva"}, 422, headers=KEY)["code"]
        == "once.other_request"
    )
    assert (
        program.post("/contacts/batch", {"contacts": [ADA]}, 422, headers=KEY)["code"] == "once.other_request"
    )
    # The key is this token's.
    other = program.limited(["contacts:write"])
    assert program.post("/contacts", ADA, token=other, headers=KEY)["result"] == "unchanged"
    program.clock.at += once.KEPT + timedelta(seconds=1)
    assert program.post("/contacts", ADA, headers=KEY)["result"] == "unchanged"


def test_what_is_kept_names_nobody(program: Program) -> None:
    refused = {"contacts": [{"email": "ada@norte.example"}, {"email": "ada norte"}]}
    assert "ada norte" in str(program.post("/contacts/batch", refused, headers=KEY))
    with program.world.database.read() as connection:
        [row] = connection.execute(select(api_answers)).all()
    for secret in ("ada", "norte", "order-77", program.token):
        assert secret not in str(row), secret


def test_after_a_refusal_the_key_may_be_used_again(program: Program) -> None:
    program.post("/contacts", {"email": "ada"}, 422, headers=KEY)
    assert program.post("/contacts", ADA, headers=KEY)["result"] == "created"


def test_two_at_once_are_done_once(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one comes while the first is at work."""
    from app.services.api import contacts as service

    real, at_work, go_on = service.save, threading.Event(), threading.Event()

    def slow(*given: Any) -> Any:
        at_work.set()
        assert go_on.wait(20)
        return real(*given)

    monkeypatch.setattr(service, "save", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(program.call, "POST", "/contacts", json=ADA, headers=KEY)
        assert at_work.wait(20)
        answer = program.call("POST", "/contacts", json=ADA, headers=KEY)
        go_on.set()
        assert told(first.result(), 200)["result"] == "created"
    assert told(answer, 409)["code"] == "once.at_work"
    assert answer.headers["Retry-After"] == "1"
    assert contacts_in(program) == 4


def test_many_at_once_are_done_once(program: Program) -> None:
    before = contacts_in(program)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(program.call, "POST", "/contacts", json=ADA, headers=KEY) for _ in range(8)]
        found = [call.result() for call in calls]
    assert {answer.status_code for answer in found} <= {200, 409}
    assert {told(answer, 200)["result"] for answer in found if answer.status_code == 200} == {"created"}
    assert contacts_in(program) == before + 1


def test_what_died_at_work_is_begun_again_by_one(program: Program) -> None:
    who = tokens.caller(program.world.database, program.world.workspace_id, program.token, program.clock.at)
    assert who is not None
    given = (program.world.database, program.world.workspace_id, who, "k", b"same")
    assert isinstance(once.begin(*given, program.clock.at), once.Claim)
    later = program.clock.at + once.AT_WORK
    with pytest.raises(once.OnceFault):
        once.begin(*given, later - timedelta(seconds=1))
    assert isinstance(once.begin(*given, later), once.Claim)
    with pytest.raises(once.OnceFault):
        once.begin(*given, later)


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(quick: Program, key: str) -> None:
    found = quick.post("/contacts", ADA, 422, headers={"Idempotency-Key": key})
    assert found["errors"][0]["parameter"] == "Idempotency-Key"


def test_the_description_tells_every_route_and_its_scope(quick: Program) -> None:
    spec = quick.call("GET", "/openapi.json", token="").get_json()
    assert spec["openapi"] == "3.1.0"
    described = {}
    for path in spec["paths"].values():
        for method, one in path.items():
            described[one["operationId"]] = one["security"][0]["token"][0]
            assert one["summary"]
            names = [each["name"] for each in one.get("parameters", [])]
            assert ("Idempotency-Key" in names) == (method == "post")
    assert described == {name: scope for name, scope in ACCESS.items() if scope != OPEN}


def test_the_description_takes_every_key_that_the_guard_takes(quick: Program) -> None:
    spec = quick.call("GET", "/openapi.json", token="").get_json()
    [schema] = [
        each["schema"]
        for each in spec["paths"]["/api/v1/contacts"]["post"]["parameters"]
        if each["name"] == "Idempotency-Key"
    ]
    for number in range(256):
        if chr(number) in "\r\n":
            continue  # no header holds it
        answer = quick.call("POST", "/contacts", json=ADA, headers={"Idempotency-Key": f"a{chr(number)}b"})
        described = re.fullmatch(schema["pattern"], f"a{chr(number)}b") is not None
        assert (answer.status_code == 200) == described, number


def test_the_page_loads_nothing_from_elsewhere(quick: Program) -> None:
    answer = quick.call("GET", "/docs", token="")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
    assert "default-src 'none'" in policy
    assert "http" not in answer.get_data(as_text=True)
    script = quick.call("GET", "/docs/scalar.js", token="")
    assert script.mimetype == "text/javascript"
    script.close()
    for start in ("", "/v1"):
        client = quick.app.test_client()
        assert client.get(f"/api{start}").location == "/api/v1/docs"

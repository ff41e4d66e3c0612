"""Headers that say how urgent a request is, for whom, and until when: what inherits them, and hostile ones."""

import asyncio
import time
from typing import Any

import pytest

from noodle_ray.api.settings import Settings
from noodle_ray.api.terms import OnTerms
from noodle_ray.core.runs.terms import ORDINARY, Terms, current
from tests.api.conftest import AUTHORIZATION, Api
from tests.api.test_durable import events_of

ASKS = "from noodle_ray import model\nmodel('length')('four')\n"


@pytest.fixture
def settings() -> Settings:
    """One worker."""
    return Settings(workers=1)


@pytest.fixture
def seen(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[Terms]:
    """The terms of every call of a model."""
    found: list[Terms] = []
    batcher = api.services.executor.batcher
    submit = batcher.submit

    def spy(model: str, call: Any, terms: Terms | None = None, **more: Any) -> Any:
        found.append(current() if terms is None else terms)
        return submit(model, call, terms, **more)

    monkeypatch.setattr(batcher, "submit", spy)
    return found


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/run", {"source": ASKS}),
        ("/v1/models/length/infer", {"inputs": ["x"]}),
        ("/v1/embeddings", {"model": "vector", "input": "x"}),
        ("/embed", {"inputs": "x"}),
    ],
)
async def test_calls_of_a_request_have_its_terms(api: Api, seen: list[Terms], path: str, body: dict[str, Any]) -> None:
    headers = {"Noodle-Priority": "interactive", "Noodle-Tenant": "team-a", "Noodle-Deadline": "60"}
    response = await api.client.post(path, json=body, headers=AUTHORIZATION | headers)
    assert response.status_code == 200, response.text
    (terms,) = seen
    assert terms[:2] == (0, "team-a")
    assert 50 < terms.until - time.monotonic() <= 60
    await api.post(path, body)
    assert seen[1:] == [ORDINARY]


@pytest.mark.parametrize("path", ["/v1/run", "/v1/chat/completions", "/embed", "/v2/models/echo/infer", "/v1/models"])
@pytest.mark.parametrize(
    "header",
    [
        ("Noodle-Priority", "first"),
        ("Noodle-Tenant", "a b"),
        ("Noodle-Tenant", "x" * 3000),
        ("Noodle-Deadline", "-3"),
        ("Noodle-Deadline", "NaN"),
    ],
)
async def test_bad_terms_are_refused_in_the_paths_own_shape(api: Api, path: str, header: tuple[str, str]) -> None:
    headers = AUTHORIZATION | dict([header])
    response = await (
        api.client.get(path, headers=headers)
        if path == "/v1/models"
        else api.client.post(path, json={"source": "1"}, headers=headers)
    )
    told = response.json()
    assert response.status_code == 400
    assert "NOODLE-E0750" in (
        told.get("code"),
        told["error"].get("code") if isinstance(told.get("error"), dict) else "",
    )
    assert len(response.text) < 500


async def test_tenant_that_the_gate_found_goes_before_the_one_that_is_named() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current().tenant)

    async def ignore(message: Any = None) -> Any:
        raise AssertionError(message)

    named = [(b"noodle-tenant", b"named")]
    for scope in ({"headers": named, "tenant": "found"}, {"headers": [], "tenant": "found"}, {"headers": named}, {}):
        await OnTerms(app)({"type": "http", **scope}, ignore, ignore)
    assert seen == ["found", "found", "named", ""]


async def test_socket_with_bad_terms_is_closed_before_it_opens() -> None:
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "websocket", "headers": [(b"noodle-priority", b"x" * 5000)]}
    await OnTerms(None)(scope, None, send)  # type: ignore[arg-type]
    assert [(message["type"], message["code"]) for message in said] == [("websocket.close", 1008)]
    assert len(said[0]["reason"].encode()) < 124


async def test_terms_do_not_open_the_gate(api: Api) -> None:
    response = await api.client.post("/v1/run", json={"source": "1"}, headers={"Noodle-Priority": "first"})
    assert (response.status_code, response.json()["code"]) == (401, "NOODLE-E0701")


async def test_call_past_its_deadline_is_an_error_the_program_can_catch(api: Api, monkeypatch: Any) -> None:
    async def infer(model: str, calls: list[Any]) -> list[tuple[bool, object]]:
        await asyncio.sleep(30)
        raise AssertionError("not reached")

    monkeypatch.setattr(api.models, "infer", infer)
    source = (
        "from noodle_ray import model\ntry:\n    model('length')('x')\n    said = 'nothing'\n"
        "except RuntimeError as error:\n    said = str(error)\nsaid"
    )
    response = await api.client.post(
        "/v1/run", json={"source": source}, headers=AUTHORIZATION | {"Noodle-Deadline": "0.2"}
    )
    assert "deadline passed" in response.json()["result"]


async def test_durable_runs_have_the_time_of_no_request_and_the_terms_of_their_own(api: Api, seen: list[Terms]) -> None:
    """Not those of the request that opened the store, from which all tasks of the node descend."""
    headers = AUTHORIZATION | {"Noodle-Priority": "batch", "Noodle-Tenant": "team-a", "Noodle-Deadline": "0.001"}
    for more in (headers, AUTHORIZATION):
        run = (await api.client.post("/v1/runs", json={"source": ASKS}, headers=more)).json()["id"]
        ended = (await api.client.get(f"/v1/runs/{run}/wait?timeout=30", headers=AUTHORIZATION)).json()
        assert (ended["status"], ended["error"]) == ("succeeded", None)
    assert seen == [Terms(2, "team-a"), ORDINARY]


async def test_durable_runs_and_those_they_start_keep_priority_and_tenant(api: Api, seen: list[Terms]) -> None:
    published = await api.client.put("/v1/programs/asks", json={"source": ASKS}, headers=AUTHORIZATION)
    assert published.status_code in (200, 201), published.text
    source = f"from noodle_ray import run_program\nrun_program('asks')\n{ASKS}"
    headers = AUTHORIZATION | {"Noodle-Priority": "batch", "Noodle-Tenant": "reports", "Noodle-Deadline": "60"}
    body = {"source": source, "idempotency_key": "once"}
    run = (await api.client.post("/v1/runs", json=body, headers=headers)).json()
    again = (await api.client.post("/v1/runs", json=body, headers=AUTHORIZATION)).json()
    assert (again["id"], again["priority"]) == (run["id"], "batch")
    ended = (await api.client.get(f"/v1/runs/{run['id']}/wait?timeout=30", headers=AUTHORIZATION)).json()
    assert ended["status"] == "succeeded", ended
    key = next(data["key"] for _, kind, data in await _events(api, run["id"]) if kind == "effect")
    fork = {"key": key, "value": 7}
    forked = (await api.client.post(f"/v1/runs/{run['id']}/fork", json=fork, headers=AUTHORIZATION)).json()
    assert forked["priority"] == "batch", forked
    assert seen == [Terms(2, "reports")] * 2


async def test_durable_run_ends_within_its_time_and_may_be_retried_after_it(api: Api) -> None:
    source = "from noodle_ray import wait_for_signal\nwait_for_signal('never', timeout=3600)"
    started = await api.post("/v1/runs", {"source": source, "within": 0.2})
    run = started.json()
    assert 0 < run["deadline"] - run["created"] <= 0.21
    again = await api.post("/v1/runs", {"source": source, "within": 0.2, "idempotency_key": "k"})
    other = await api.post("/v1/runs", {"source": source, "within": 0.3, "idempotency_key": "k"})
    assert (again.status_code, other.status_code) == (202, 409)
    found = (await api.client.get(f"/v1/runs/{run['id']}/wait?timeout=30", headers=AUTHORIZATION)).json()
    assert (found["status"], found["error"]["code"]) == ("failed", "NOODLE-E0403")
    retried = (await api.post(f"/v1/runs/{run['id']}/retry", {})).json()
    assert retried["deadline"] is None
    for within in (0, -1, 1e12, "soon", True):
        assert (await api.post("/v1/runs", {"source": source, "within": within})).status_code == 422


async def _events(api: Api, run: str) -> list[tuple[int, str, dict[str, Any]]]:
    return events_of((await api.client.get(f"/v1/runs/{run}/events", headers=AUTHORIZATION)).text)

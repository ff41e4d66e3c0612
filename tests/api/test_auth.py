"""The token: what opens without it, and every way not to have it."""

import re

import pytest

from noodle_ray.api.auth import OPEN_PATHS
from tests.api.conftest import AUTHORIZATION, TOKEN, Api

ENDPOINTS = [
    ("POST", "/v1/run"),
    ("POST", "/v1/compile"),
    ("POST", "/v1/models/length/infer"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
async def test_endpoint_is_closed_without_a_token(api: Api, method: str, path: str) -> None:
    response = await api.client.request(method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="noodle"'
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "NOODLE-E0701"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/models/length"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/embeddings"),
    ],
)
async def test_endpoint_of_openai_is_closed_in_its_own_words(api: Api, method: str, path: str) -> None:
    response = await api.client.request(method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="noodle"'
    error = response.json()["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "NOODLE-E0701")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_open(api: Api, path: str) -> None:
    response = await api.client.get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, "Bearer é"]
)
async def test_wrong_token_is_refused(api: Api, value: str) -> None:
    response = await api.client.get("/v1/models", headers={"Authorization": value.encode("latin-1")})  # type: ignore[dict-item]
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert TOKEN not in response.text


async def test_token_in_a_query_opens_nothing_but_the_docs(api: Api) -> None:
    assert (await api.client.get(f"/v1/models?token={TOKEN}")).status_code == 401
    assert (await api.client.get(f"/docs?token={TOKEN}x")).status_code == 401


async def test_docs_turn_the_token_into_a_cookie(api: Api) -> None:
    response = await api.client.get(f"/docs?token={TOKEN}")
    assert (response.status_code, response.headers["location"]) == (303, "/docs")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await api.client.get("/docs")).status_code == 200
    assert (await api.client.get("/openapi.json")).status_code == 200
    assert (await api.client.get("/v1/models")).status_code == 401


async def test_body_is_not_read_without_a_token(api: Api) -> None:
    read = 0

    async def body():  # type: ignore[no-untyped-def]  # noqa: ANN202
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1000

    response = await api.client.post("/v1/run", content=body())
    assert response.status_code == 401
    assert read <= 1


async def test_every_documented_endpoint_but_the_open_ones_wants_the_token(api: Api) -> None:
    document = (await api.client.get("/openapi.json", headers=AUTHORIZATION)).json()
    for path in OPEN_PATHS:
        assert (await api.client.get(path)).status_code == 200
    closed = {
        (method, path)
        for path, operations in document["paths"].items()
        for method in operations
        if path not in OPEN_PATHS
    }
    assert {("post", "/v1/run"), ("get", "/metrics"), ("post", "/v1/chat/completions")} < closed
    for method, path in closed:
        url = re.sub(r"\{.*?\}", "x", path)
        assert (await api.client.request(method, url)).status_code == 401, (method, path)
        assert (await api.client.request(method, url, headers=AUTHORIZATION)).status_code != 401, (method, path)

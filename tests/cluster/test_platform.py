"""The whole platform on Ray, with real models: the main job, hostile requests, and what is left after a stop."""

import contextlib
import json
import os
import selectors
import shlex
import socket
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from noodle_ray import paths
from noodle_ray.api.settings import Settings
from noodle_ray.cluster import PlatformState, platform_status, start_platform
from noodle_ray.cluster.launch import curl_lines
from noodle_ray.cluster.supervisor import REGISTRY_POLL
from noodle_ray.errors import UsageError
from noodle_ray.security.tenants import add_entry, new_token, remove_entries

pytestmark = [pytest.mark.cluster, pytest.mark.models]

SIMILAR = """
from noodle_ray import model
embed = model("minilm")

def main(query: str, texts: list[str]) -> str:
    vectors = [embed(text) for text in texts]
    target = embed(query)
    scores = [sum([a * b for a, b in zip(v, target)]) for v in vectors]
    return texts[scores.index(max(scores))]
"""

CHAT = """
from noodle_ray import model
chat = model("smollm2")

def main(question: str) -> str:
    return chat(question, max_tokens=8)
"""


def run(client: httpx.Client, source: str, **more: object) -> dict[str, Any]:
    """Run a program that the platform accepts."""
    response = client.post("/v1/run", json={"source": source, **more})
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


def test_program_finds_the_similar_text_with_one_batch(client: httpx.Client) -> None:
    texts = ["Holidays: 28 days a year.", "The office has a cat.", "Invoices are paid within 30 days."]
    reply = run(client, SIMILAR, args=["How much vacation do I get?", texts])
    assert reply["error"] is None
    assert reply["result"] == texts[0]
    assert reply["usage"]["model_calls"] == 4
    assert reply["usage"]["model_batches"] <= 2
    assert {event["model"] for event in reply["timeline"]} == {"minilm"}
    assert max(event["batch_size"] for event in reply["timeline"]) >= 3


def test_program_generates_text(client: httpx.Client) -> None:
    reply = run(client, CHAT, args=["Say hello."])
    assert reply["error"] is None
    assert reply["result"].strip()


def test_concurrent_runs_share_batches(client: httpx.Client) -> None:
    texts = [f"Sentence number {i}." for i in range(8)]
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda text: run(client, SIMILAR, args=[text, texts]), texts))
    assert [reply["result"] for reply in replies] == texts


def test_models_are_listed_and_infer(client: httpx.Client) -> None:
    names = {model["name"] for model in client.get("/v1/models").json()["data"]}
    assert {"minilm", "smollm2"} <= names
    reply = client.post("/v1/models/minilm/infer", json={"inputs": ["one", "two"]}).json()
    assert [len(vector) for vector in reply["outputs"]] == [384, 384]
    assert sum(x * x for x in reply["outputs"][0]) == pytest.approx(1.0, abs=1e-3)


def test_module_compiled_by_one_request_runs_by_hash_in_another(client: httpx.Client) -> None:
    module = client.post("/v1/compile", json={"source": "'by' + ' hash'"}).json()["module"]
    assert client.post("/v1/run", json={"module": module}).json()["result"] == "by hash"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "NOODLE-E0702"),
        (b'{"source": 1}', 422, "NOODLE-E0703"),
        (b'{"source": "def f(:"}', 422, None),
        (b'{"source": "undefined_name"}', 422, None),
        (b'{"module": "' + b"0" * 64 + b'"}', 404, "NOODLE-E0309"),
        (b'{"source": "' + b"#" * (9 << 20) + b'"}', 413, "NOODLE-E0704"),
    ],
)
def test_bad_request_is_a_problem_and_the_next_succeeds(
    client: httpx.Client, body: bytes, status: int, code: str | None
) -> None:
    response = client.post("/v1/run", content=body)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == (code or response.json()["diagnostics"][0]["code"])
    assert run(client, "1 + 1")["result"] == 2


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("while True:\n    pass", {"NOODLE-E0403"}),
        ("[0] * 10**10", {"NOODLE-E0402"}),
        ("'a' * 10**12", {"NOODLE-E0402"}),
        ("10 ** 10 ** 8", {"NOODLE-E0401", "NOODLE-E0402"}),
        ("def f(n):\n    return f(n + 1)\nf(0)", {"NOODLE-E0404"}),
        ("from noodle_ray import model\nmodel('minilm')(5)", {"NOODLE-E0501"}),
        ("from noodle_ray import model\nmodel('mini-lm')('x')", {"NOODLE-E0501"}),
    ],
)
def test_program_that_goes_wrong_is_an_outcome_and_the_next_succeeds(
    client: httpx.Client, source: str, codes: set[str]
) -> None:
    reply = run(client, source, limits={"deadline": 2.0})
    assert reply["error"]["code"] in codes, reply["error"]
    assert run(client, "1 + 1")["result"] == 2


def test_run_outlives_the_death_of_every_idle_worker(client: httpx.Client, platform_on_ray: PlatformState) -> None:
    run(client, "1 + 1")
    for worker in _sandbox_workers(platform_on_ray):
        worker.kill()
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: run(client, "1 + 1"), range(8)))
    # A run that was already handed to a killed worker says so; none hangs, and later ones all succeed.
    assert all(reply["result"] == 2 or reply["error"]["code"] == "NOODLE-E0801" for reply in replies)
    assert run(client, "1 + 1")["result"] == 2


def test_worker_is_freed_when_the_client_disconnects(client: httpx.Client, platform_on_ray: PlatformState) -> None:
    for _ in range(2 * Settings().max_worker_count()):
        _spin(client, platform_on_ray).close()
    # Were the workers still busy with those, this would wait for two minutes.
    assert run(client, "1 + 1", limits={"deadline": 5})["result"] == 2


def test_run_is_refused_when_the_queue_is_full(client: httpx.Client, platform_on_ray: PlatformState) -> None:
    settings = Settings()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(settings.max_waiting_runs + settings.max_worker_count() + 1):
            selector.register(stack.enter_context(_spin(client, platform_on_ray)), selectors.EVENT_READ)
        (answered, _), *_ = selector.select(timeout=60)
        assert isinstance(answered.fileobj, socket.socket)
        head, body = _response(answered.fileobj)
    assert head.startswith("HTTP/1.1 429 ")
    assert "retry-after: 1" in head.lower()
    assert json.loads(body)["code"] == "NOODLE-E0707"
    assert run(client, "1 + 1")["result"] == 2


def test_endpoints_need_the_token(platform_on_ray: PlatformState) -> None:
    for path in ("/v1/models", "/metrics", "/docs", "/openapi.json"):
        assert httpx.get(platform_on_ray.url + path).status_code == 401
    for path in ("/healthz", "/readyz"):
        assert httpx.get(platform_on_ray.url + path).status_code == 200


def test_metrics_are_for_all_replicas(client: httpx.Client) -> None:
    run(client, SIMILAR, args=["a", ["a", "b"]])
    families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}
    assert families["noodle_workers"].samples[0].value >= (os.cpu_count() or 1)
    assert sum(sample.value for sample in families["noodle_runs"].samples if sample.name.endswith("_total")) >= 1
    assert "noodle_model_batch_size" in families


def test_printed_curl_lines_work_when_pasted(platform_on_ray: PlatformState) -> None:
    outputs = [
        json.loads(subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, check=True).stdout)
        for line in curl_lines(platform_on_ray)
    ]
    assert outputs[0] == {"status": "ok"}
    assert outputs[1]["result"] == 2
    assert len(outputs[2]["outputs"][0]) == 384
    assert all(shlex.split(line)[0] == "curl" for line in curl_lines(platform_on_ray))


def test_start_joins_the_platform_that_runs(platform_on_ray: PlatformState) -> None:
    port = int(platform_on_ray.url.rpartition(":")[2])
    assert start_platform(port).pid == platform_on_ray.pid
    with pytest.raises(UsageError) as caught:
        start_platform(port + 1)
    assert caught.value.code == "NOODLE-E0910"


def test_status_tells_url_and_token_file(platform_on_ray: PlatformState) -> None:
    state = platform_status()
    assert (state.state, state.url) == ("running", platform_on_ray.url)
    assert stat.S_IMODE(Path(state.token_file).stat().st_mode) == 0o600


def test_sandbox_workers_hold_no_secret(client: httpx.Client, platform_on_ray: PlatformState) -> None:
    run(client, "1 + 1")
    workers = _sandbox_workers(platform_on_ray)
    assert workers
    for worker in workers:
        assert worker.environ() == {}


def test_proxy_statistics_are_on_loopback_only(platform_on_ray: PlatformState) -> None:
    listening = [
        connection.laddr.ip
        for process in psutil.Process(platform_on_ray.pid).children(recursive=True)
        if process.name() == "haproxy"
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3
    assert set(listening) == {"127.0.0.1"}


def _response(connection: socket.socket) -> tuple[str, str]:
    """The head and the body of the one response on a connection."""
    connection.settimeout(60)
    with connection.makefile("rb") as stream:
        head = ""
        while (line := stream.readline().decode()) not in ("\r\n", ""):
            head += line
        length = next(line for line in head.lower().splitlines() if line.startswith("content-length:"))
        return head, stream.read(int(length.split(":")[1])).decode()


def _spin(client: httpx.Client, platform: PlatformState) -> socket.socket:
    """Send a run that would take two minutes, and return its connection."""
    body = json.dumps({"source": "while True:\n    pass", "limits": {"deadline": 120}})
    head = f"POST /v1/run HTTP/1.1\r\nHost: x\r\nAuthorization: {client.headers['Authorization']}\r\n"
    host, _, port = platform.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)))
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    return connection


def _sandbox_workers(platform: PlatformState) -> list[psutil.Process]:
    """The workers: forks of the fork server, so children that share their parent's command line."""
    processes = [
        process
        for process in psutil.Process(platform.pid).children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE  # such as those of an executor that another test killed
    ]
    sandbox = {process.pid: process for process in processes if "sandbox.forkserver" in " ".join(process.cmdline())}
    return [process for process in sandbox.values() if process.ppid() in sandbox]


def test_tenants_come_and_go_while_the_platform_runs(client: httpx.Client) -> None:
    file = paths.tokens_file()
    token, entry = new_token("acme")
    theirs = {"Authorization": f"Bearer {token}"}

    def becomes(status: int) -> bool:
        for _ in range(200):
            if client.get("/v1/usage", headers=theirs).status_code == status:
                return True
            time.sleep(0.1)
        return False

    add_entry(file, entry)
    try:
        assert becomes(200)
        assert client.get("/metrics", headers=theirs).json()["code"] == "NOODLE-E0747"
        named = client.put("/v1/programs/theirs", json={"source": "1"}, headers=theirs)
        assert (named.status_code, client.get("/v1/programs/theirs").status_code) == (201, 404)
        kept = file.read_bytes()
        file.write_text("{")  # a mistake changes nothing
        time.sleep(3 * REGISTRY_POLL)
        assert client.get("/v1/usage", headers=theirs).status_code == 200
        file.write_bytes(kept)
        remove_entries(file, "acme")
        assert becomes(401)
    finally:
        file.unlink()
    assert client.get("/v1/usage").status_code == 200

"""`/v1/run` and `/v1/compile`: what a good request gets."""

import asyncio
import base64

from tests.api.conftest import Api

FAN_OUT = """
from noodle_ray import model
length = model("length")

def main(texts: list[str]) -> list[int]:
    return [length(text) for text in texts]
"""


async def test_run_returns_result_stdout_and_usage(api: Api) -> None:
    reply = await api.run("print('hello')\n6 * 7")
    assert reply["result"] == 42
    assert reply["stdout"] == "hello\n"
    assert reply["error"] is None
    assert reply["usage"]["fuel"] > 0  # type: ignore[index]
    assert set(reply["usage"]) == {  # type: ignore[arg-type]
        "fuel",
        "memory_peak_bytes",
        "model_calls",
        "model_batches",
        "seed",
        "wall_seconds",
        "queued_seconds",
        "computing_seconds",
        "waiting_seconds",
    }


async def test_run_passes_arguments_by_position_and_name(api: Api) -> None:
    source = "def main(a: int, b: str, c: float = 1.5):\n    return [a, b, c]"
    reply = await api.run(source, args=[2**80], kwargs={"b": "ü\u2028"})
    assert reply["result"] == [2**80, "ü\u2028", 1.5]


async def test_run_calls_the_entry_that_is_named(api: Api) -> None:
    source = "def main():\n    return 1\n\ndef other(x: int):\n    return x + 1"
    assert (await api.run(source, entry="other", args=[4]))["result"] == 5


async def test_run_carries_floats_and_keys_that_json_lacks(api: Api) -> None:
    source = "def main(x: float, d: dict):\n    return [x, -x, d]"
    reply = await api.run(source, args=[{"$float": "inf"}, {"$dict": [[1, "one"]]}])
    assert reply["result"] == [{"$float": "inf"}, {"$float": "-inf"}, {"$dict": [[1, "one"]]}]


async def test_run_keeps_the_order_of_sets(api: Api) -> None:
    assert (await api.run("{30, 1, 20, 5}"))["result"] == [30, 1, 20, 5]


async def test_run_returns_lone_surrogates_as_escapes(api: Api) -> None:
    assert (await api.run("chr(0xD800)"))["result"] == "\ud800"


async def test_run_by_hash_after_compile(api: Api) -> None:
    compiled = (await api.post("/v1/compile", {"source": "6 * 7", "text": True})).json()
    assert compiled["size"] == len(base64.b64decode(compiled["nbc"]))
    assert compiled["models"] == []
    assert compiled["text"]
    reply = (await api.post("/v1/run", {"module": compiled["module"]})).json()
    assert (reply["result"], reply["module"]) == (42, compiled["module"])


async def test_run_of_an_uploaded_module(api: Api) -> None:
    compiled = (await api.post("/v1/compile", {"source": "6 * 7"})).json()
    reply = (await api.post("/v1/run", {"nbc": compiled["nbc"]})).json()
    assert (reply["result"], reply["module"]) == (42, compiled["module"])


async def test_compile_names_the_models_of_a_program(api: Api) -> None:
    assert (await api.post("/v1/compile", {"source": FAN_OUT})).json()["models"] == ["length"]


async def test_model_calls_of_a_comprehension_share_a_batch(api: Api) -> None:
    reply = await api.run(FAN_OUT, args=[["a", "bb", "ccc"]])
    assert reply["result"] == [1, 2, 3]
    assert reply["usage"]["model_calls"] == 3  # type: ignore[index]
    assert reply["usage"]["model_batches"] == 1  # type: ignore[index]
    timeline = reply["timeline"]
    assert isinstance(timeline, list)
    assert [(event["model"], event["batch_size"]) for event in timeline] == [("length", 3)] * 3
    assert len({event["batch"] for event in timeline}) == 1
    assert all(0 <= event["start"] <= event["end"] for event in timeline)


async def test_error_of_a_model_reaches_the_program(api: Api) -> None:
    source = """
from noodle_ray import ModelError, model
lost = model("lost")
def main():
    try:
        return lost("x")
    except ModelError as error:
        return "caught"
"""
    assert (await api.run(source))["result"] == "caught"


async def test_limits_of_a_request_hold(api: Api) -> None:
    reply = await api.run("while True:\n    pass", limits={"fuel": 1000})
    assert reply["error"]["code"] == "NOODLE-E0401"  # type: ignore[index]


async def test_trace_of_the_caller_is_kept(api: Api) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    response = await api.client.post(
        "/v1/run",
        json={"source": "1"},
        headers={"Authorization": "bearer a-token-for-tests-only", "traceparent": parent},
    )
    assert response.json()["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert response.headers["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert response.headers["traceparent"] != parent


async def test_equal_sources_are_compiled_once(api: Api) -> None:
    replies = await asyncio.gather(*[api.run("1 + 1") for _ in range(5)])
    assert {reply["result"] for reply in replies} == {2}
    assert len({reply["module"] for reply in replies}) == 1


async def test_both_tiers_agree(api: Api) -> None:
    source = "def main(n: int):\n    return sum([i * i for i in range(n)])"
    python, interpreter = [await api.run(source, args=[50], tier=tier) for tier in ("python", "interpreter")]
    assert python["result"] == interpreter["result"]
    assert python["usage"]["fuel"] == interpreter["usage"]["fuel"]  # type: ignore[index]
    assert [python["tier"], interpreter["tier"]] == ["python", "interpreter"]


ASKS_AND_COUNTS = """
from noodle_ray import model
length = model("length")

def main():
    n = length("four")
    for _ in range(10_000):
        n += 1
    return n
"""


async def test_resume_goes_on_with_a_run_that_fuel_ended(api: Api) -> None:
    stopped = await api.run(ASKS_AND_COUNTS, limits={"fuel": 1000})
    assert stopped["error"]["code"] == "NOODLE-E0401"  # type: ignore[index]
    asked = len(api.models.batches)
    response = await api.post("/v1/resume", {"continuation": stopped["continuation"], "fuel": 1_000_000})
    reply = response.json()
    assert (reply["result"], reply["error"]) == (10_004, None)
    assert reply["module"] == stopped["module"]
    assert len(api.models.batches) == asked


async def test_reply_has_no_continuation_unless_fuel_ended_the_run(api: Api) -> None:
    assert "continuation" not in await api.run("1 / 0")


async def test_resume_refuses_more_than_the_platform_allows_and_what_is_no_continuation(api: Api) -> None:
    stopped = await api.run(ASKS_AND_COUNTS, limits={"fuel": 1000})
    beyond = await api.post("/v1/resume", {"continuation": stopped["continuation"], "fuel": 1 << 62})
    assert (beyond.status_code, beyond.json()["code"]) == (422, "NOODLE-E0703")
    garbage = await api.post("/v1/resume", {"continuation": "eJwz"})
    assert (garbage.status_code, garbage.json()["code"]) == (422, "NOODLE-E0505")

"""What executors are told of models, and what they tell, without Ray."""

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from deployments import catalog
from deployments.catalog import Catalog, Follower, Seen, View
from noodle_ray.cluster import rollout
from noodle_ray.cluster.supervisor import Supervisor
from noodle_ray.security.tenants import add_entry, new_token


def _view(number: int) -> View:
    return View(number, {"m": f"Model-m-{number}"}, {"m": ("m", "")}, [], {})


class Actor:
    """A catalog behind handles of methods, as an actor's are; it may be dead."""

    def __init__(self) -> None:
        self.inner = Catalog()
        self.dead = False
        self._asked: set[asyncio.Future[Any]] = set()
        self.after = SimpleNamespace(remote=self._after)

    async def _after(self, *asked: Any) -> Any:
        asking = asyncio.ensure_future(self.inner.after(*asked))
        self._asked.add(asking)
        try:
            return await asking
        except asyncio.CancelledError:
            if self.dead:
                raise ConnectionError("the actor died") from None
            raise
        finally:
            self._asked.discard(asking)

    async def fail(self, *asked: Any) -> Any:
        """Answer nothing."""
        raise ConnectionError("the actor is not there yet")

    def die(self) -> None:
        """The next one knows nothing until it is told."""
        self.dead = True
        for asking in self._asked:
            asking.cancel()
        self.inner = Catalog()


@pytest.fixture
def actor(monkeypatch: pytest.MonkeyPatch) -> Actor:
    """The actor that executors find."""
    made = Actor()

    async def find() -> Any:
        return None if made.dead else made

    monkeypatch.setattr(catalog, "_find", find)
    monkeypatch.setattr(catalog, "PAUSE", 0.01)
    monkeypatch.setattr(catalog, "SOON", 0.01)
    return made


async def _until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_who_waits_is_told_at_once_and_who_is_up_to_date_is_not() -> None:
    made = Catalog()
    waiting = [asyncio.ensure_future(made.after(name, Seen(0, 0), 60)) for name in ("a", "b")]
    await asyncio.sleep(0)
    await made.publish(_view(5))
    assert [view.number for view in await asyncio.gather(*waiting) if view] == [5, 5]
    assert await made.after("a", Seen(5, 4), 0) is None
    assert await made.after("", Seen(4, 4), 60) == _view(5)
    assert await made.seen() == (5, {"a": Seen(5, 4), "b": Seen(0, 0)})
    assert (await Catalog().seen())[0] < 0


async def test_executor_takes_what_comes_and_tells_when_older_calls_have_ended(actor: Actor) -> None:
    taken: list[int] = []
    oldest = [1]
    follower = Follower("e", lambda view: taken.append(view.number), lambda: oldest[0])
    await actor.inner.publish(_view(1))
    await follower.start(_view(0))
    assert taken == [1]
    await actor.inner.publish(_view(2))
    await _until(lambda: actor.inner._seen.get("e") == Seen(2, 1))
    oldest[0] = 2
    await _until(lambda: actor.inner._seen.get("e") == Seen(2, 2))
    assert taken == [1, 2]
    follower.stop()


async def test_executor_goes_on_without_the_actor_and_finds_the_next_one(actor: Actor) -> None:
    taken: list[int] = []
    actor.dead = True
    follower = Follower("e", lambda view: taken.append(view.number), lambda: taken[-1])
    await follower.start(_view(0))
    await asyncio.sleep(0.05)
    assert taken == [0]
    actor.dead = False
    await actor.inner.publish(_view(3))
    await _until(lambda: taken == [0, 3])
    late = Follower("late", lambda view: taken.append(-view.number), lambda: 0)
    actor.after.remote = actor.fail  # it is just starting again
    await late.start(_view(1))
    late.stop()
    actor.after.remote = actor._after
    assert taken == [0, 3, -1]
    taken.pop()
    await _until(lambda: actor.inner._seen.get("e") == Seen(3, 3))
    actor.die()
    await asyncio.sleep(0.05)
    actor.dead = False
    await _until(lambda: actor.inner._seen.get("e") == Seen(3, 3))
    await actor.inner.publish(_view(4))
    await _until(lambda: taken == [0, 3, 4])
    follower.stop()


class Told:
    """A catalog behind handles, for one who asks and waits in a thread of its own."""

    def __init__(self) -> None:
        self.inner = Catalog()
        self.publish = SimpleNamespace(remote=lambda view: asyncio.run(self.inner.publish(view)))
        self.seen = SimpleNamespace(remote=lambda: asyncio.run(self.inner.seen()))


def test_changed_tokens_are_a_later_view_of_the_same_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "_get", lambda answer: answer)
    made, told = rollout.Rollout(), Told()
    made._catalog = told
    made._publish(_view(1)._replace(tokens={"d": "acme"}))
    before = told.inner._view
    made.tell_tokens({})
    after = told.inner._view
    assert before is not None
    assert after is not None
    assert (before.tokens, after.tokens, after.number > before.number) == ({"d": "acme"}, {}, True)
    assert after._replace(number=0, tokens={}) == _view(0)._replace(homes=before.homes)


def _watching(file: Path, told: list[dict[str, str]]) -> Supervisor:
    watching = Supervisor.__new__(Supervisor)
    watching._tokens_file, watching._tokens_stamp, watching._tokens_mistake = file, None, ""
    watching._rollout = SimpleNamespace(tell_tokens=told.append)  # type: ignore[assignment]
    return watching


def test_supervisor_tells_tokens_when_the_file_changes_and_keeps_them_when_it_has_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[dict[str, str]] = []
    watching = _watching(tmp_path / "tokens.json", told)
    watching._look_at_tokens()
    _, entry = new_token("acme")
    add_entry(watching._tokens_file, entry)
    watching._look_at_tokens()
    watching._look_at_tokens()
    assert told == [{}, {entry.sha256: "acme"}]
    watching._tokens_file.write_text("{")
    watching._look_at_tokens()
    watching._look_at_tokens()
    assert capsys.readouterr().out.count("the file of tokens") == 1  # it is told once
    watching._tokens_file.unlink()
    watching._look_at_tokens()
    assert told == [{}, {entry.sha256: "acme"}, {}]


def test_file_of_tokens_that_could_not_be_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, str]] = []
    watching = _watching(tmp_path / "tokens.json", told)
    _, entry = new_token("acme")
    add_entry(watching._tokens_file, entry)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda file: (_ for _ in ()).throw(OSError("too many open files")))
        watching._look_at_tokens()
    assert told == []
    watching._look_at_tokens()
    assert told == [{entry.sha256: "acme"}]


def test_tokens_are_told_while_a_model_finds_no_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, str]] = []
    watching = _watching(tmp_path / "tokens.json", told)
    monkeypatch.setenv("NOODLE_HOME", str(tmp_path))
    watching._stop = threading.Event()
    watching._state = SimpleNamespace(state="running")  # type: ignore[assignment]
    assert not watching._out_of_date((0, 0))
    _, entry = new_token("acme")
    add_entry(watching._tokens_file, entry)
    assert not watching._out_of_date((0, 0))
    assert told == [{}, {entry.sha256: "acme"}]


def test_deploy_does_not_bring_back_tokens_that_were_revoked_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "_get", lambda answer: answer)
    made, told = rollout.Rollout(), Told()
    made._catalog = told
    made.tell_tokens({"d": "acme"})  # before anything is deployed
    assert told.inner._view is None
    made._tell(SimpleNamespace(view=lambda: _view(0)))
    assert told.inner._view is not None
    assert told.inner._view.tokens == {"d": "acme"}
    made.tell_tokens({})
    made._tell(SimpleNamespace(view=lambda: _view(0)._replace(tokens={"d": "acme"})))
    assert told.inner._view.tokens == {}


async def test_executor_that_starts_lets_nobody_in_by_tokens_that_may_be_revoked(actor: Actor) -> None:
    taken: list[dict[str, str]] = []
    bound = _view(0)._replace(tokens={"d": "acme"})
    actor.dead = True  # there is none, and never was: `serve run`
    alone = Follower("a", lambda view: taken.append(view.tokens), lambda: 0)
    await alone.start(bound)
    alone.stop()
    actor.dead = False
    new = Follower("b", lambda view: taken.append(view.tokens), lambda: 0)
    await new.start(bound)  # it was restarted, and was told nothing yet
    assert taken == [{"d": "acme"}, {}]
    await actor.inner.publish(_view(3)._replace(tokens={"e": "acme"}))
    await _until(lambda: taken[2:] == [{"e": "acme"}])
    new.stop()
    actor.after.remote = actor.fail
    lost = Follower("c", lambda view: taken.append(view.tokens), lambda: 0)
    await lost.start(bound)
    lost.stop()
    assert taken[3:] == [{}]

"""What is asked of durable runs, and the run that is stored for it."""

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from noodle_ray.core.runs.terms import ORDINARY, Terms
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.records import NewRun, Run, run_id
from noodle_ray.core.vm.limits import Limits


class Submission(NamedTuple):
    """What to run: a verified module and its arguments. ``reference`` is what a published program was asked for by: a
    request that is sent again is the same also if it means another version by then. ``terms`` are those of its calls of
    models, but for their time; the same request on other terms is the same. ``within`` so many seconds it has ended;
    ``deadline`` is that as a time. ``wanted`` are the limits before they were bounded by what the tenant may have now:
    the same request is the same when that is something else."""

    digest: str
    nbc: bytes
    tenant: str = ""
    entry: str | None = None
    args: list[object] = []  # noqa: RUF012  # never mutated
    kwargs: dict[str, object] = {}  # noqa: RUF012
    limits: Limits = Limits()
    tier: str = "auto"
    seed: int | None = None
    program: str | None = None
    version: int | None = None
    deadline: float | None = None
    idempotency: str | None = None
    reference: str | None = None
    budget: dict[str, float] | None = None
    within: float | None = None
    terms: Terms = ORDINARY
    wanted: Limits | None = None


def new_run(asked: Submission, now: float, random: Callable[[int], bytes], caller: str | None = None) -> NewRun:
    """The run to be stored, of which ``caller`` waits for the end. Raises WireError for arguments that are not data."""
    seed = asked.seed if asked.seed is not None else int.from_bytes(random(6), "little")
    return NewRun(
        id=run_id(now, random(10)),
        tenant=asked.tenant,
        digest=asked.digest,
        nbc=asked.nbc,
        arguments=CODEC.pack([asked.args, asked.kwargs]),
        limits=asked.limits._asdict(),
        seed=seed,
        created=now,
        entry=asked.entry,
        tier=asked.tier,
        program=asked.program,
        version=asked.version,
        deadline=asked.deadline if asked.within is None else now + asked.within,
        idempotency=asked.idempotency,
        fingerprint=_fingerprint(asked),
        budget=asked.budget,
        caller=caller,
        priority=asked.terms.priority,
        turn=asked.terms.tenant or None,
    )


def terms_of(run: Run) -> Terms:
    """The terms on which a stored run asks models."""
    return Terms(run.priority, run.turn or run.tenant, whose=run.tenant)


def _fingerprint(asked: Submission) -> str:
    """What two requests under one idempotency key must have in common."""
    limits: Any = tuple(asked.wanted or asked.limits)
    parts = asked._replace(nbc=b"", idempotency=None, limits=limits)
    if asked.reference is not None:
        parts = parts._replace(digest="", version=None)
    *head, reference, budget, within, _, _ = parts
    more = [part for part in (reference, budget, within) if part is not None]  # what came later, and is seldom there
    return hashlib.sha256(CODEC.pack([*head, *more])).hexdigest()

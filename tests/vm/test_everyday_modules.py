"""Modules whose state is a run's: what one run leaves behind, the next does not see."""

import pytest

from noodle_ray.core.lang import compile_source
from noodle_ray.core.vm.execute import Outcome, execute

TIERS = pytest.mark.parametrize("tier", ["interpreter", "python"])


def _run(source: str, tier: str, seed: int = 1) -> Outcome:
    return execute(compile_source(source), tier=tier, seed=seed)


@TIERS
def test_queue_when_nobody_will_ever_put_ends_the_run(tier: str) -> None:
    outcome = _run("import queue\ntry:\n    queue.Queue().get()\nexcept BaseException:\n    print('caught')", tier)
    assert outcome.error is not None
    assert (outcome.error["code"], outcome.stdout) == ("NOODLE-E0403", "")


@TIERS
def test_secrets_come_from_the_seed_of_the_run(tier: str) -> None:
    source = (
        "import random, secrets\nrandom.seed(1)\na = secrets.token_hex(8)\nrandom.seed(1)\n[a, secrets.token_hex(8)]"
    )
    first, again, other = _run(source, tier), _run(source, tier), _run(source, tier, seed=2)
    assert first.result == again.result != other.result
    assert first.result[0] != first.result[1]


@TIERS
def test_logging_when_another_run_configured_it_begins_anew(tier: str) -> None:
    source = (
        "import logging, sys\nlogging.basicConfig(level='INFO', stream=sys.stdout)\n"
        "logging.getLogger('a').info('x %d', 1)\nlogging.disable()\nlogging.info('never')"
    )
    assert [_run(source, tier).stdout for _ in range(2)] == ["INFO:a:x 1\n"] * 2
    assert _run("import logging\nlogging.warning('nobody')", tier).stdout == ""


@TIERS
def test_logging_classes_when_a_program_sets_their_attributes_refuses(tier: str) -> None:
    outcome = _run("import logging\nlogging.Logger.info = print", tier)
    assert outcome.error is not None
    assert outcome.error["type"] == "TypeError"


@TIERS
def test_logger_names_of_many_dots_are_paid_for(tier: str) -> None:
    outcome = _run("import logging\nlogging.getLogger('a.' * 100_000)\n1", tier)
    assert outcome.usage["fuel"] > 100_000


@TIERS
def test_main_when_given_arguments_is_called_although_the_top_level_calls_it(tier: str) -> None:
    module = compile_source("def main(n=0):\n    print('main', n)\n    return n\nmain()\n7")
    assert execute(module, tier=tier).result == 7
    assert execute(module, tier=tier).stdout == "main 0\n"
    assert execute(module, tier=tier, args=[5]).stdout == "main 0\nmain 5\n"
    assert execute(module, tier=tier, entry="main").stdout == "main 0\nmain 0\n"

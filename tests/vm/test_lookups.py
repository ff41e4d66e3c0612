"""Methods that are looked up before their arguments, in modules that no compiler makes: each tier does the same."""

import pytest

from noodle_ray.core import nbc
from noodle_ray.core.vm.execute import execute

MODULE = """\
nbc 2

function 0 <module>  @1:0-9:0
  registers 2
  code
    r0 = func f1 ()  @2:0-4:9
    gset main r0  @2:0-4:9
    r1 = const None  @1:0-0
    return r1  @1:0-0

function 1 main  @2:0-4:9
  param pos first
  param pos other
  registers 8
  locals first other
  code
    r2 = const 'abc'  @3:4-9
    r3 = list ()  @3:4-9
    r4 = const 'b'  @3:4-9
    if r0  @3:4-9
      r5 = method r2 index  @3:4-9
    else
      r5 = method {other} index  @3:4-9
    r6 = callm r5 index (r4) ()  @3:4-9
    return r6  @3:4-9
"""


@pytest.mark.parametrize("tier", ["interpreter", "python", "native"])
@pytest.mark.parametrize(
    ("other", "first", "told"),
    [
        ("r1", True, 1),
        ("r1", False, 2),
        ("r3", True, 1),
        ("r3", False, "ValueError"),
        ("r4", False, 0),
        ("r0", False, "AttributeError"),
    ],
)
def test_method_of_one_of_two_values_is_that_of_the_value(tier: str, other: str, first: bool, told: object) -> None:
    module = nbc.load(nbc.encode(nbc.from_text(MODULE.format(other=other))))
    outcome = execute(module, entry="main", args=[first, "xxb"], tier=tier)
    assert (outcome.error["type"] if outcome.error else outcome.result) == told

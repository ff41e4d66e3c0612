"""How OpenMP's threads wait for each other: what it reads from the environment when a library loads it."""

import os


def waits() -> dict[str, str]:
    """Settings with which threads spin for some microseconds at a barrier, and sleep then; without those that are set.

    A token has hundreds of barriers. Where another process wants a core, long spinning costs a factor of five to ten;
    without any, each barrier costs a wake-up. Tokens/s of one chat on two cores, free and with one of them taken: for 0
    rounds 44 and 48, for 250 105 and 47, for 20,000 120 and 10.
    """
    found = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "250"}
    return {name: value for name, value in found.items() if name not in os.environ}

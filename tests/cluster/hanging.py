"""A class of a user that hangs when it is told to; tests/cluster/test_nodes.py registers it."""

import time


class Hanging:
    def load(self) -> None:
        pass

    def predict(self, word: str) -> str:
        while word == "hang":
            time.sleep(0.1)
        return word

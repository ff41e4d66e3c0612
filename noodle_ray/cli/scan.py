"""A scanner for plain command lines: no abbreviations, no errors of its own."""


class Arguments:
    """What was on a command line: positional arguments, and each option's values in order."""

    __slots__ = ("options", "positional")

    def __init__(self) -> None:
        self.positional: list[str] = []
        self.options: dict[str, list[str]] = {}

    def all(self, option: str) -> list[str]:
        """Return every value of an option that may be repeated."""
        return self.options.get(option, [])

    def last(self, option: str) -> str | None:
        """Return the value that counts for an option given more than once."""
        values = self.options.get(option)
        return values[-1] if values else None

    def has(self, flag: str) -> bool:
        """Return whether a flag was given."""
        return flag in self.options


def scan(argv: list[str], values: frozenset[str], flags: frozenset[str]) -> Arguments | None:
    """Sort ``argv`` into options with a value, flags and positionals; None if it has anything else."""
    found = Arguments()
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if word == "--":
            found.positional.extend(words)
        elif word == "-" or not word.startswith("-"):
            found.positional.append(word)
        elif name in values and (equals or (value := next(words, "--")) != "--"):
            found.options.setdefault(name, []).append(value)
        elif word in flags:
            found.options.setdefault(word, [])
        else:
            return None
    return found

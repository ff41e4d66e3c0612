"""Strings: splitting, joining, formatting and scanning."""

TEXT = "the quick brown fox jumps over the lazy dog and runs away from the very quick brown bear"


def vowels(text):
    total = 0
    for letter in text.elems() if hasattr(text, "elems") else text:
        if letter in "aeiou":
            total += 1
    return total


def main():
    total = 0
    for number in range(1500):
        words = [word.capitalize() for word in TEXT.split(" ")]
        line = "{} {} {}".format(number, " ".join(words), len(words))
        total += vowels(line) + len(line.replace("a", "").strip())
        if line.endswith("17"):
            total += line.find("Lazy")
    return total

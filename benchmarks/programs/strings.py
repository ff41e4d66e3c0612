"""Strings: splitting, joining, formatting, scanning."""

TEXT = "the quick brown fox jumps over the lazy dog and runs away from the very quick brown bear"


def title_case(text: str) -> str:
    return " ".join([word.capitalize() for word in text.split()])


def caesar(text: str, shift: int) -> str:
    letters = []
    for letter in text:
        if letter.isalpha():
            letters.append(chr((ord(letter) - 97 + shift) % 26 + 97))
        else:
            letters.append(letter)
    return "".join(letters)


def vowels(text: str) -> int:
    total = 0
    for letter in text:
        if letter in "aeiou":
            total += 1
    return total


def main() -> list:
    total = 0
    text = TEXT
    for number in range(2500):
        text = caesar(text, number % 5)
        total += vowels(text)
        line = f"{number:05d} {title_case(text)} {number / 7:.3f}"
        total += len(line.replace("a", "").strip())
    return [total, text]

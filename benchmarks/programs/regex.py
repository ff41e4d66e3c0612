"""Regular expressions: scanning a log, tokens, and substitution with a function."""

import re

LINE = re.compile(
    r"(?P<host>\d+\.\d+\.\d+\.\d+) - (?P<user>\w+) \[(?P<when>[^\]]+)\] \"(?P<verb>[A-Z]+) (?P<path>\S+)\" (\d{3})"
)
TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|([a-z_]\w*)|(.))")


def log(count):
    verbs = ["GET", "POST", "PUT"]
    return [
        f"10.0.{i % 256}.{i % 7} - user{i % 13} [2026-11-{i % 28 + 1:02}] "
        f'"{verbs[i % 3]} /item/{i % 101}" {200 + i % 5}'
        for i in range(count)
    ]


def tokens(text):
    found = []
    for number, name, other in TOKEN.findall(text):
        if number:
            found.append(("number", float(number)))
        elif name:
            found.append(("name", name))
        elif other.strip():
            found.append(("op", other))
    return found


def main():
    hits = {}
    for line in log(4000):
        match = LINE.match(line)
        if match and match.group("verb") != "PUT":
            key = match["path"]
            hits[key] = hits.get(key, 0) + 1
    text = " ".join(f"alpha_{i} = {i}.5 * (beta + {i})" for i in range(500))
    parsed = tokens(text)
    masked = re.sub(r"\d+", lambda m: "#" * len(m.group()), text)
    words = re.split(r"[\s=*()+]+", text)
    return len(hits), hits["/item/7"], len(parsed), len(masked), len(words)

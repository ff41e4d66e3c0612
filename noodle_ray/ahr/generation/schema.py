"""JSON Schemas as grammars of the JSON texts that fit them.

Bounded in every way a stranger could stretch: size, nesting, repetitions, and in how many ways one text can be read.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from noodle_ray.ahr.engines.base import wrong
from noodle_ray.ahr.generation.automaton import Automaton, Ranges, complement, literal, of_texts, rules
from noodle_ray.ahr.generation.regex import Budget, of_regex
from noodle_ray.errors import ModelError

MAX_DEPTH = 32
MAX_NODES = 2000
MAX_CHARACTERS = 65_536
_MAX_READINGS = 16
_MAX_REPEAT = 1000
_DIGITS = 15

_NOTES = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "discriminator"}
_NOTES |= {"$schema", "$id", "$comment", "$defs", "definitions"}
_KEYWORDS = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems"},
    "string": {"minLength", "maxLength", "pattern", "format"},
    "integer": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"},
    "number": {"minimum", "maximum"},
    "boolean": set[str](),
    "null": set[str](),
}
_FIRST = {"object": "{", "array": "[", "string": '"', "integer": "0", "number": "0", "boolean": "tf", "null": "n"}
_FORMATS = {
    "date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    "time": r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
}
_FORMATS["date-time"] = f"{_FORMATS['date']}T{_FORMATS['time']}"
_UNESCAPED: Ranges = complement(((0, 31), (34, 34), (92, 92), (127, 127)))
_INTEGER = rf"-?(0|[1-9]\d{{0,{_DIGITS - 1}}})"
_NUMBER = rf"{_INTEGER}(\.\d{{1,{_DIGITS}}})?([eE][-+]?\d{{1,2}})?"
_COMMON = {
    "ws": r'"" | " " | "\n" " "{0,16}',
    "hex": "[0-9a-fA-F]",
    "char": r"[^\x22\x5C\x00-\x1F\x7F] | "
    r'"\x5C" ([\x22\x5C/bfnrt] | "u" ([0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex))',
    "any": "any-object | any-array | any-string | any-number | boolean | null",
    "any-object": '"{" ws ("}" | any-pair ("," ws any-pair)* ws "}")',
    "any-pair": 'any-string ":" ws any',
    "any-array": '"[" ws ("]" | any ("," ws any)* ws "]")',
    "any-string": r'"\x22" char* "\x22"',
    "boolean": '"true" | "false"',
    "null": '"null"',
}


def schema_grammar(
    schema: object, what: str = "schema", readings: int = _MAX_READINGS, budget: Budget | None = None
) -> str:
    """The grammar of a JSON Schema. Raises ModelError E0603 if it is none, not supported or too large, or if the
    beginning of a text can be read in more than ``readings`` ways.
    """
    check_json(schema, what)
    return _Compiler(schema, what, readings, Budget() if budget is None else budget).grammar()


def check_json(value: object, what: str) -> None:
    """Raise ModelError E0603 unless ``value`` is JSON data of a reasonable size."""
    todo: list[tuple[object, int]] = [(value, 0)]
    nodes = characters = 0
    while todo:
        item, depth = todo.pop()
        nodes += 1
        if depth > MAX_DEPTH:
            raise wrong(f"{what} is nested more than {MAX_DEPTH} deep")
        if isinstance(item, str):
            characters += len(item)
            if any("\ud800" <= c <= "\udfff" for c in item):
                raise wrong(f"{what} holds a lone surrogate, which is no Unicode text")
        elif isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise wrong(f"{what} has a key that is no text")
            todo += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple):
            todo += [(part, depth + 1) for part in item]
        elif isinstance(item, float):
            if not isfinite(item):
                raise wrong(f"{what} holds a number that is not finite")
        elif item is not None and not (isinstance(item, int) and abs(item) < 10**18):
            raise wrong(f"{what} must be JSON data with numbers below 10 ** 18, and holds {type(item).__name__}")
        if nodes > 2 * MAX_NODES or characters > MAX_CHARACTERS:
            raise wrong(f"{what} is too large: {MAX_NODES:,} parts and {MAX_CHARACTERS:,} characters are the limit")


class _Compiler:
    def __init__(self, schema: Any, what: str, most: int, budget: Budget) -> None:
        self.root = schema
        self.budget = budget
        self.most = most
        self.what = what
        self.rules: dict[str, str] = {}
        self.references: dict[str, str] = {}
        self.counted: dict[str, int] = {}

    def grammar(self) -> str:
        self.readings(self.root, ())
        top = self.value(self.root, "#")
        body = {"root": top, **self.rules, **_COMMON}
        self.scalar("any-number", _NUMBER, body)
        return "\n".join(f"{name} ::= {text}" for name, text in body.items())

    def bad(self, path: str, message: str) -> ModelError:
        return wrong(f"{self.what} at {path[:120]}: {message}")

    def rule(self, text: str, stem: str = "r") -> str:
        name = f"{stem}{len(self.rules)}"
        self.rules[name] = text
        return name

    def scalar(self, name: str, pattern: str, body: dict[str, str]) -> str:
        if name not in body:
            body.update(rules(of_regex(pattern, self.what), name))
        return name

    def automaton(self, automaton: Automaton) -> str:
        name = f"t{len(self.rules)}"
        self.rules.update(rules(automaton, name))
        return name

    # What a schema says, one way of saying it at a time.

    def kinds(self, schema: Any, path: str) -> tuple[str, Any]:
        """``(kind, detail)`` of a schema: any, reference, union, literals, or one of JSON's types."""
        if schema is True:
            return "any", None
        if not isinstance(schema, dict):
            raise self.bad(path, "a schema must be an object")
        given = schema.keys() - _NOTES
        for word in ("$ref", "anyOf", "oneOf", "allOf", "enum", "const"):
            if word in given:
                if extra := given - {word, "type"} | (given & {"type"} if word in ("$ref", "allOf") else set()):
                    raise self.bad(path, f"{word} cannot be combined with {', '.join(sorted(extra))}")
                return self.combined(word, schema[word], path)
        if not given:
            return "any", None
        kind = schema.get("type", "object" if "properties" in given else "array" if "items" in given else None)
        if isinstance(kind, list | tuple):
            if not kind or not all(isinstance(one, str) and one in _KEYWORDS for one in kind):
                raise self.bad(path, "type must name JSON types")
            known: set[str] = set().union(*(_KEYWORDS[one] for one in kind))
            if unknown := given - known - {"type"}:
                raise self.bad(path, f"{', '.join(sorted(unknown))[:100]} is not supported here")
            return "union", [{k: v for k, v in schema.items() if k in _KEYWORDS[one]} | {"type": one} for one in kind]
        if not isinstance(kind, str) or kind not in _KEYWORDS:
            raise self.bad(path, f"type must be one of {', '.join(_KEYWORDS)}")
        if unknown := given - _KEYWORDS[kind] - {"type"}:
            raise self.bad(path, f"{', '.join(sorted(unknown))[:100]} is not supported for {kind}")
        return kind, schema

    def combined(self, word: str, value: Any, path: str) -> tuple[str, Any]:
        if word == "$ref":
            return "reference", value
        if word == "const":
            return "literals", [value]
        if not isinstance(value, list | tuple) or not value:
            raise self.bad(path, f"{word} must be a list that is not empty")
        if word == "enum":
            return "literals", value
        if word == "allOf" and len(value) > 1:
            raise self.bad(path, "allOf is supported with one member only")
        return "union", value

    def target(self, reference: Any, path: str) -> Any:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise self.bad(path, "$ref must point into this schema, like #/$defs/name")
        found = self.root
        for part in reference.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise self.bad(path, f"there is nothing at {reference[:80]!r}")
            found = found[key]
        return found

    # In how many ways can a text be read at once?

    def first(self, schema: Any, seen: tuple[str, ...] = ()) -> frozenset[str]:
        """The characters that a value can begin with; 0 stands for all that numbers begin with."""
        kind, detail = self.kinds(schema, "#")
        if kind == "any":
            return frozenset('{["0tfn')
        if kind == "reference":
            if detail in seen:
                raise self.bad(str(detail), "it refers to itself")
            return self.first(self.target(detail, "#"), (*seen, detail))
        if kind == "union":
            return frozenset().union(*(self.first(member, seen) for member in detail))
        if kind == "literals":
            firsts = {_text_of(value)[0] for value in detail}
            return frozenset("0" if c.isdigit() or c == "-" else c for c in firsts)
        return frozenset(_FIRST[kind])

    def readings(self, schema: Any, inside: tuple[str, ...]) -> int:
        """How many ways there can be to read the beginning of a value. Raises when they multiply."""
        kind, detail = self.kinds(schema, "#")
        if kind == "reference":
            if detail in inside:
                return 1  # a cycle: unions on it are checked below
            if detail not in self.counted:
                self.counted[detail] = self.readings(self.target(detail, "#"), (*inside, detail))
            count = self.counted[detail]
        elif kind == "union":
            counts: dict[str, int] = {}
            for member in detail:
                ways = self.readings(member, inside)
                for character in self.first(member):
                    counts[character] = counts.get(character, 0) + ways
            count = max(counts.values())
            if count > 1 and self.recursive(schema):
                raise self.bad("anyOf", "alternatives that begin alike cannot hold themselves again")
        elif kind == "object":
            properties = detail.get("properties", {})
            parts = [*properties.values()] if isinstance(properties, dict) else []
            extra = detail.get("additionalProperties")
            count = max([1, *(self.readings(part, inside) for part in [*parts, extra] if isinstance(part, dict))])
        elif kind == "array":
            count = self.readings(detail.get("items", True), inside)
        else:
            count = 1
        if count > self.most:
            raise self.bad("anyOf", f"there are over {self.most} alternatives that begin alike")
        return count

    def recursive(self, union: Any) -> bool:
        """Whether a value of one of a union's members can hold a value of the union again."""
        followed: set[str] = set()
        todo = [part for word, part in union.items() if word not in ("$defs", "definitions")]
        while todo:
            part = todo.pop()
            self.budget.spend(1, self.what)
            if part is union:
                return True
            if isinstance(part, dict):
                reference = part.get("$ref")
                if isinstance(reference, str) and reference not in followed:
                    followed.add(reference)
                    todo.append(self.target(reference, "#"))
                todo += [inner for word, inner in part.items() if word not in ("$defs", "definitions")]
            elif isinstance(part, list | tuple):
                todo += part
        return False

    # The grammar.

    def value(self, schema: Any, path: str) -> str:
        kind, detail = self.kinds(schema, path)
        if len(self.rules) > 20 * MAX_NODES:
            raise self.bad(path, "its grammar grows too large")
        if kind in ("any", "boolean", "null"):
            return kind
        if kind == "reference":
            name = self.references.get(detail)
            if name is None:
                self.first(schema)
                name = self.references[detail] = f"ref{len(self.references)}"
                self.rules[name] = self.value(self.target(detail, path), str(detail))
            return name
        if kind == "union":
            members = [self.value(member, f"{path}/{place}") for place, member in enumerate(detail)]
            return self.rule(" | ".join(dict.fromkeys(members)))
        if kind == "literals":
            return self.automaton(of_texts(_text_of(value) for value in detail))
        if kind == "object":
            return self.object(detail, path)
        if kind == "array":
            return self.array(detail, path)
        if kind == "string":
            return self.string(detail, path)
        return self.number(detail, path, whole=kind == "integer")

    def object(self, schema: Mapping[str, Any], path: str) -> str:
        properties, required = schema.get("properties", {}), schema.get("required", [])
        if not isinstance(properties, dict):
            raise self.bad(path, "properties must be an object")
        if not isinstance(required, list | tuple) or not all(isinstance(name, str) for name in required):
            raise self.bad(path, "required must be a list of names")
        extra = schema.get("additionalProperties", True)
        properties = {**properties, **{name: True for name in required if name not in properties}}
        if not properties:
            if extra is False:
                return self.rule('"{" ws "}"')
            pair = f'any-string ":" ws {self.value(extra, f"{path}/additionalProperties")}'
            pair = self.rule(pair)
            return self.rule(f'"{{" ws ("}}" | {pair} ("," ws {pair})* ws "}}")')
        if len(properties) > 200:
            raise self.bad(path, "an object may have 200 properties")
        pairs = [
            self.rule(f'{literal(_text_of(name))} ":" ws {self.value(part, f"{path}/properties/{name}")}')
            for name, part in properties.items()
        ]
        # From the last property to the first: what may follow when one before was written, and when none was.
        later, first = 'ws "}"', '"}"'
        for name, pair in zip(reversed(properties), reversed(pairs), strict=True):
            with_it, alone = f'"," ws {pair} {later}', f"{pair} {later}"
            if name not in required:
                with_it, alone = f"{with_it} | {later}", f"{alone} | {first}"
            later, first = self.rule(with_it), self.rule(alone)
        return self.rule(f'"{{" ws {first}')

    def array(self, schema: Mapping[str, Any], path: str) -> str:
        least = self.count(schema, "minItems", path) or 0
        most = self.count(schema, "maxItems", path)
        if most is not None and most < least:
            raise self.bad(path, "maxItems is less than minItems")
        if most == 0:
            return self.rule('"[" ws "]"')
        item = self.value(schema.get("items", True), f"{path}/items")
        more = f'("," ws {item}){{{max(least - 1, 0)},{"" if most is None else most - 1}}}'
        filled = f'{item} {more} ws "]"'
        return self.rule(f'"[" ws {filled}' if least else f'"[" ws ("]" | {filled})')

    def string(self, schema: Mapping[str, Any], path: str) -> str:
        least, most = self.count(schema, "minLength", path) or 0, self.count(schema, "maxLength", path)
        if most is not None and most < least:
            raise self.bad(path, "maxLength is less than minLength")
        pattern, form = schema.get("pattern"), schema.get("format")
        if pattern is None and form is None:
            if not least and most is None:
                return "any-string"
            return self.rule(f'"\\x22" char{{{least},{"" if most is None else most}}} "\\x22"')
        if least or most is not None or (pattern is not None and form is not None):
            raise self.bad(path, "pattern and format cannot be combined with each other or with lengths")
        if form is not None:
            if form not in _FORMATS:
                raise self.bad(path, f"format must be one of {', '.join(_FORMATS)}")
            pattern = _FORMATS[form]
        elif not isinstance(pattern, str):
            raise self.bad(path, "pattern must be a text")
        elif not (pattern.startswith("^") and pattern.endswith("$")):
            raise self.bad(path, "pattern must begin with ^ and end with $")
        inner = self.automaton(of_regex(pattern, f"{self.what} at {path[:100]}: pattern", _UNESCAPED, self.budget))
        return self.rule(f'"\\x22" {inner} "\\x22"')

    def count(self, schema: Mapping[str, Any], word: str, path: str) -> int | None:
        value = schema.get(word)
        if value is not None and (type(value) is not int or not 0 <= value <= _MAX_REPEAT):
            raise self.bad(path, f"{word} must be a whole number from 0 to {_MAX_REPEAT}")
        return value

    def number(self, schema: Mapping[str, Any], path: str, whole: bool) -> str:
        bounds = {}
        for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            value = schema.get(word)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
                raise self.bad(path, f"{word} must be a whole number")
            if abs(value) >= 10**_DIGITS:
                raise self.bad(path, f"{word} must be below 10 ** {_DIGITS}")
            bounds[word] = int(value)
        if not bounds:
            return self.scalar("integer", _INTEGER, self.rules) if whole else "any-number"
        top = 10**_DIGITS - 1
        low = max(bounds.get("minimum", -top), bounds.get("exclusiveMinimum", -top - 1) + 1)
        high = min(bounds.get("maximum", top), bounds.get("exclusiveMaximum", top + 1) - 1)
        if low > high:
            raise self.bad(path, "no number is within its bounds")
        within = _integers if whole else _decimals
        parts = [within(max(low, 0), high)] if high >= 0 else []
        parts += [f"-({within(max(-high, 1 if whole else 0), -low)})"] if low < 0 else []
        return self.automaton(of_regex("|".join(parts), f"{self.what} at {path[:100]}", budget=self.budget))


def _text_of(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def _integers(low: int, high: int) -> str:
    """A regular expression of the whole numbers from ``low`` (not negative) to ``high``."""
    parts = []
    while len(str(low)) < len(str(high)):
        top = 10 ** len(str(low)) - 1
        parts.append(_between(str(low), str(top)))
        low = top + 1
    return "|".join([*parts, _between(str(low), str(high))])


def _decimals(low: int, high: int) -> str:
    """A regular expression of the decimal numbers from ``low`` (not negative) to ``high``."""
    exact = rf"{high}(\.0{{1,{_DIGITS}}})?"
    return exact if low == high else rf"({_integers(low, high - 1)})(\.\d{{1,{_DIGITS}}})?|{exact}"


def _between(low: str, high: str) -> str:
    """The digits from ``low`` to ``high``, which are equally long."""
    if not low:
        return ""
    rest = len(low) - 1
    if low == "0" * len(low) and high == "9" * len(low):
        return rf"\d{{{len(low)}}}"
    if low[0] == high[0]:
        return low[0] + _between(low[1:], high[1:])
    parts = [f"{low[0]}{_group(low[1:], '9' * rest)}"]
    if int(low[0]) + 1 < int(high[0]):
        parts.append(rf"[{int(low[0]) + 1}-{int(high[0]) - 1}]\d{{{rest}}}")
    parts.append(f"{high[0]}{_group('0' * rest, high[1:])}")
    return f"({'|'.join(parts)})"


def _group(low: str, high: str) -> str:
    return f"({_between(low, high)})" if low else ""

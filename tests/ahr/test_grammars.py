"""Regular expressions and JSON Schemas as grammars, without a model."""

import itertools
import json
import re
import time
import tracemalloc
from typing import Any

import pytest

from noodle_ray.ahr.generation import matcher
from noodle_ray.ahr.generation.automaton import Automaton, of_texts, rules
from noodle_ray.ahr.generation.matcher import Matcher, Reading
from noodle_ray.ahr.generation.options import checked_options, grammar_of
from noodle_ray.ahr.generation.regex import of_regex
from noodle_ray.ahr.generation.schema import schema_grammar
from noodle_ray.ahr.generation.tools import checked_tools
from noodle_ray.errors import ModelError

PATTERNS = [
    "a|b",
    "(ab)*",
    "a{2,3}b?",
    "[^a]+",
    "(a|ab)(c|bc)",
    "a*?b",
    "(a*)*",
    "(a|b)*abb",
    r"\w+-\d",
    "^ab$",
    "(?:a|)b",
    "[a-c]{0,2}1",
    ".b",
]


def accepts(automaton: Automaton, text: str) -> bool:
    """Whether an automaton reads a text to its end; it must never have two ways to go on."""
    state = 0
    for code in map(ord, text):
        found = [target for ranges, target in automaton.moves[state] if any(a <= code <= b for a, b in ranges)]
        assert len(found) <= 1
        if not found:
            return False
        (state,) = found
    return state in automaton.accepting


@pytest.mark.parametrize("pattern", PATTERNS)
def test_automaton_accepts_what_the_regular_expression_matches(pattern: str) -> None:
    automaton = of_regex(pattern, "regex")
    for length in range(6):
        for text in map("".join, itertools.product("abc-1", repeat=length)):
            assert accepts(automaton, text) == bool(re.fullmatch(pattern, text)), text


def test_rules_of_texts_share_their_beginnings() -> None:
    assert rules(of_texts(["red", "green", "grey"]), "root") == {"root": '"gre" root-6 | "red"', "root-6": '"en" | "y"'}


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("[", "no regular expression"),
        ("(", "no regular expression"),
        ("*", "no regular expression"),
        ("a" * 2001, "the limit is 2,000"),
        ("(" * 900 + ")" * 900, "nested too deeply"),
        ("(a?b?){200}", "too complex"),
        ("(a|b)*a(a|b){12}", "too complex"),
        ("((((a{99}){99}){99}){99}){99}", "too complex"),
        ("a{4294967294}", "too complex"),
        ("(){4294967294}", "too complex"),
        ("((((){9999}){9999}){9999}){9999}", "too complex"),
        ("[" + "".join(map(chr, range(1000, 4000, 2))) + "]{0,900}", "too complex"),
        ("a{99999999999}", "no regular expression"),
        (r"(a)\1", "not supported"),
        (r"\bx", "not supported"),
        ("a(?=b)", "not supported"),
        ("x^", "not supported"),
        ("(?i)a", "flags"),
        ("(?s:a)", "flags"),
        ("[^\x00-\U0010ffff]", "no text that can be generated"),
        ("\ud800", "no text that can be generated"),
    ],
)
def test_regular_expression_that_cannot_be_used_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        of_regex(pattern, "regex")
    assert caught.value.code == "NOODLE-E0603"


@pytest.mark.parametrize(("low", "high"), [(0, 0), (7, 130), (-12, 5), (-30, -4), (99, 1001), (None, 3), (100, None)])
@pytest.mark.parametrize("kind", ["integer", "number"])
def test_numbers_within_bounds_are_those_that_the_grammar_takes(low: int | None, high: int | None, kind: str) -> None:
    bounds = {word: value for word, value in (("minimum", low), ("maximum", high)) if value is not None}
    grammar = _Grammar(schema_grammar({"type": kind, **bounds}))
    for number in range(-1100, 1100):
        within = (low is None or low <= number) and (high is None or number <= high)
        assert grammar.accepts(str(number)) == within, number
        if kind == "number" and within:
            assert grammar.accepts(f"{number}.0")
            more = float(f"{number}.5")
            assert grammar.accepts(str(more)) == ((low is None or low <= more) and (high is None or more <= high))
    assert not grammar.accepts("01")
    assert not grammar.accepts("")


CHAIN = {
    "$ref": "#/$defs/n",
    "$defs": {
        "n": {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}},
            "required": ["next"],
        }
    },
}
SCHEMAS: list[tuple[Any, list[str], list[str]]] = [
    (
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "null"}},
            "required": ["b"],
        },
        ['{"a": 1, "b": "x", "c": null}', '{"b":""}', '{ "b": "\\u00e9\\n" }', '{\n  "b": "",\n  "c": null\n}'],
        ["{}", '{"a": 1}', '{"b": "x", "a": 1}', '{"b": "x", "d": 1}', '{"b": "x",}', '{"b": "\n"}', "[]"],
    ),
    ({"type": "object", "additionalProperties": {"type": "boolean"}}, ["{}", '{"x": true}'], ['{"x": 1}']),
    (
        {"type": "array", "items": {"enum": [1, "a"]}, "minItems": 1, "maxItems": 2},
        ['["a", 1]', "[1]"],
        ["[]", "[1,1,1]"],
    ),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ['"x"', "null"], ["1", ""]),
    ({"type": ["integer", "boolean"]}, ["1", "true"], ["null"]),
    ({"const": {"a": [1]}}, ['{"a": [1]}'], ["{}"]),
    ({"type": "string", "minLength": 1, "maxLength": 2}, ['"ab"', '"\\""'], ['""', '"abc"']),
    ({"type": "string", "pattern": '^[a-z"]+$'}, ['"ab"'], ['"a1"', '"a""', '""']),
    ({"type": "string", "format": "date"}, ['"2024-02-29"'], ['"2024-13-01"']),
    ({}, ["[1, {}]", '{"a": [null]}', "-1.5e3"], ["[1,]", "nul", "'a'"]),
    (CHAIN, ['{"next": {"next": null}}'], ['{"next": 1}']),
]


@pytest.mark.parametrize(("schema", "good", "bad"), SCHEMAS)
def test_schema_grammar_takes_what_fits(schema: Any, good: list[str], bad: list[str]) -> None:
    grammar = _Grammar(schema_grammar(schema))
    for text in good:
        assert grammar.accepts(text), text
    for text in bad:
        assert not grammar.accepts(text), text


def _nested(depth: int) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def _doubled(depth: int, wrap: str) -> Any:
    defs: dict[str, Any] = {"a0": {"type": "string"}}
    for place in range(1, depth):
        below = {"$ref": f"#/$defs/a{place - 1}"}
        defs[f"a{place}"] = (
            {"anyOf": [below, below]} if wrap == "anyOf" else {"type": "array", "items": {"anyOf": [below, below]}}
        )
    return {"$ref": f"#/$defs/a{depth - 1}", "$defs": defs}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (5, "must be an object"),
        (False, "must be an object"),
        ({"type": "wat"}, "type must be one of"),
        ({"type": []}, "type must name"),
        ({"not": {}}, "type must be one of"),
        ({"type": "object", "patternProperties": {}}, "patternProperties is not supported"),
        ({"type": "string", "pattern": "a"}, "must begin with"),
        ({"type": "string", "pattern": "^(a$"}, "no regular expression"),
        ({"type": "string", "pattern": "^\"$"}, "no text that can be generated"),
        ({"type": "string", "maxLength": 10**6}, "from 0 to 1000"),
        ({"type": "string", "minLength": -1}, "from 0 to 1000"),
        ({"type": "array", "minItems": 5, "maxItems": 4}, "less than"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "no number"),
        ({"type": "number", "minimum": 0.5}, "whole number"),
        ({"type": "integer", "minimum": 10**15}, "below 10"),
        ({"type": "integer", "multipleOf": 2}, "multipleOf is not supported"),
        ({"$ref": "https://example.org/x"}, "must point into this schema"),
        ({"$ref": "#/$defs/x"}, "nothing at"),
        ({"$ref": "#"}, "refers to itself"),
        ({"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "refers to itself"),
        ({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}}, "refers to itself"),
        ({"anyOf": []}, "not empty"),
        ({"enum": []}, "not empty"),
        ({"enum": ["\ud800"]}, "surrogate"),
        ({"enum": [float("nan")]}, "not finite"),
        ({"enum": [10**18]}, "below 10"),
        ({"enum": [{1, 2}]}, "holds set"),
        ({1: 2}, "a key that is no text"),
        ({"allOf": [{}, {}]}, "one member"),
        ({"anyOf": [{"type": "null"}], "type": "object", "properties": {}}, "cannot be combined"),
        (_nested(40), "nested more than 32 deep"),
        (_doubled(30, "anyOf"), "begin alike"),
        (_doubled(30, "array"), "begin alike"),
        ({"anyOf": [{"type": "string"}] * 17}, "begin alike"),
        ({"anyOf": [{"type": "array", "items": {"$ref": "#"}}] * 2}, "cannot hold themselves"),
        ({"enum": list(range(5000))}, "too large"),
        ({"enum": ["x" * 70_000]}, "too large"),
        ({"properties": {f"p{n}": {} for n in range(201)}}, "200 properties"),
    ],
)  # fmt: skip
def test_schema_that_cannot_be_used_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        schema_grammar(schema)
    assert caught.value.code == "NOODLE-E0603"


@pytest.mark.parametrize("name", ["temperature", "top_p", "max_tokens", "seed", "logprobs", "top_k"])
def test_numbers_of_thousands_of_digits_are_refused_as_what_they_are(name: str) -> None:
    for value in (-(10**400), -(10**5000)):
        with pytest.raises(ModelError, match=f"{name} must be a"):
            checked_options({name: value})


def test_patterns_of_a_request_share_a_bound() -> None:
    hard = {f"p{i}": {"type": "string", "pattern": "^(a|b)*a(a|b){6}$"} for i in range(150)}
    assert schema_grammar({"properties": {"p": hard["p0"]}})
    with pytest.raises(ModelError, match="with the others"):
        schema_grammar({"properties": hard})
    few = {"type": "object", "properties": dict(itertools.islice(hard.items(), 20))}
    assert checked_tools([{"name": "t", "parameters": few}])
    with pytest.raises(ModelError, match="with the others"):
        checked_tools([{"name": f"t{i}", "parameters": few} for i in range(20)])


def test_shared_parts_of_a_schema_are_written_once() -> None:
    defs: dict[str, Any] = {"a0": {"type": "string"}}
    for place in range(1, 200):
        below = {"$ref": f"#/$defs/a{place - 1}"}
        defs[f"a{place}"] = {"type": "object", "properties": {"x": below, "y": below}}
    assert len(schema_grammar({"$ref": "#/$defs/a199", "$defs": defs})) < 100_000


def test_literals_in_a_grammar_are_escaped() -> None:
    grammar = _Grammar(schema_grammar({"const": 'a"\\\n"]é'}))
    assert grammar.accepts(json.dumps('a"\\\n"]é', ensure_ascii=False))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_reading_takes_bytes_that_are_parts_of_characters(size: int) -> None:
    def take(grammar: str, text: str) -> tuple[bool, Reading]:
        reading, data = Reading(grammar), text.encode()
        for at in range(0, len(data), size):
            if not reading.takes(data[at : at + size]):
                return False, reading
            reading.take(data[at : at + size])
        return True, reading

    grammar = schema_grammar({"enum": ["grün", "日本", "🙂"]})
    for text in ("grün", "日本", "🙂"):
        taken, reading = take(grammar, f'"{text}"')
        assert (taken, reading.may_end, reading.must_end) == (True, True, True)
    for text in ("gran", "日本x", "日木", "🙃", "é"):
        assert not take(grammar, f'"{text}"')[0]
    assert not Reading(grammar).takes(b"")
    assert not Reading(grammar).takes(b"\xff")
    number = Reading(schema_grammar({"type": "integer"}))
    number.take(b"12")
    assert (number.may_end, number.must_end, number.takes(b"x")) == (True, False, False)


def test_first_byte_of_a_character_is_taken_only_if_the_character_can_follow() -> None:
    text = Reading(schema_grammar({"enum": ["é", "🙂"]}))
    text.take(b'"')
    taken = [byte for byte in range(256) if text.takes(bytes([byte]))]
    assert taken == ["é".encode()[0], "🙂".encode()[0]]


def test_tables_of_characters_say_what_their_ranges_say() -> None:
    sets = ["".join(map(chr, range(0x4E00 + offset, 0x4E00 + 300, step))) for offset, step in ((0, 2), (1, 3), (5, 7))]
    schema = {"anyOf": [{"type": "string", "pattern": f"^[{chars}]{{1,3}}$"} for chars in sets]}
    matcher = Matcher(schema_grammar(schema))
    once = matcher.read(0, '"')
    for code in range(0x4DFE, 0x4E00 + 302):
        taken = [chr(code) in chars for chars in sets]
        for _ in range(200 if code == 0x4E00 else 1):  # with a table from here on
            after = matcher.read(once, chr(code))
        assert (after >= 0) == matcher.takes_any(once, code, code) == any(taken)
        for chars, among in zip(sets, taken, strict=True):
            if after >= 0:
                assert (matcher.read(after, chars[3] + '"') >= 0) == any(
                    chars[3] in other and chr(code) in other for other in sets
                ), (code, among)


@pytest.mark.parametrize(
    ("form", "begin"),
    [
        (
            {
                "schema": {
                    "anyOf": [
                        {"type": "string", "pattern": f"^[{''.join(map(chr, range(0x4E00, 0x5508, 2)))}]{{1,{n}}}$"}
                        for n in range(2, 18)
                    ]
                }
            },
            b'"',
        ),
        ({"choice": [chr(0x4E00 + 7 * n) + "x" * 20 for n in range(500)]}, b""),
    ],
)
def test_trying_a_vocabulary_costs_little(form: dict[str, Any], begin: bytes) -> None:
    reading = Reading(grammar_of(checked_options(form)) or "")
    if begin:
        reading.take(begin)
    pieces = [chr(0x4E00 + n % 20_000).encode() for n in range(40_000)]
    began = time.process_time()
    assert sum(map(reading.takes, pieces))
    assert time.process_time() - began < 1


def test_reading_forgets_what_it_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> Reading:
        reading = Reading(schema_grammar({"type": "array", "items": {"type": "string", "maxLength": 1000}}))
        for character in '["' + "日" * 990 + '", "x"]':
            assert reading.takes("日".encode()) == reading.takes("é".encode())
            assert reading.takes(character.encode())
            reading.take(character.encode())
        return reading

    whole = read()
    monkeypatch.setattr(matcher, "_KEPT", 100)
    short = read()
    assert (short.may_end, short.must_end) == (whole.may_end, whole.must_end) == (True, True)
    assert len(whole._matcher._states) > 900
    assert len(short._matcher._states) + len(short._matcher._frames) + short._matcher._ranges < 300


def test_trying_many_characters_keeps_little() -> None:
    pieces = [chr(0x4E00 + n).encode() for n in range(5_000)]
    tracemalloc.start()
    try:
        reading = Reading(schema_grammar({"type": "string", "maxLength": 1000}))
        reading.take(b'"')
        for _ in range(10):
            assert all(map(reading.takes, pieces))
            reading.take(b"x")
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


class _Grammar:
    """A slow reader of the grammars made here: translates rules to a parser over sets of positions."""

    def __init__(self, text: str) -> None:
        self.rules = dict(line.split(" ::= ", 1) for line in text.splitlines())
        self.parsed: dict[str, Any] = {}
        self.matcher = Matcher(text)

    def accepts(self, text: str) -> bool:
        """What the slow reader and the matcher say; both must agree."""
        found = len(text) in self._ends("root", text, 0)
        state = self.matcher.read(0, text)
        assert (state >= 0 and self.matcher.ends(state)) == found, text
        return found

    def _ends(self, name: str, text: str, at: int) -> set[int]:
        if name not in self.parsed:
            tokens = re.findall(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|[\w-]+|\{[\d,]+\}|[()|*?+]', self.rules[name])
            self.parsed[name], rest = self._choices(tokens)
            assert not rest
        return self._read(self.parsed[name], text, at)

    def _choices(self, tokens: list[str]) -> tuple[Any, list[str]]:
        branches: list[list[Any]] = [[]]
        while tokens and tokens[0] != ")":
            token, tokens = tokens[0], tokens[1:]
            if token == "|":
                branches.append([])
            elif token == "(":
                inner, tokens = self._choices(tokens)
                tokens = tokens[1:]
                branches[-1].append(inner)
            elif token in ("*", "?", "+") or token.startswith("{"):
                low, _, high = {"*": "0,", "?": "0,1", "+": "1,"}.get(token, token.strip("{}")).partition(",")
                branches[-1][-1] = ("repeat", branches[-1][-1], int(low), int(high) if high else None)
            else:
                branches[-1].append(self._atom(token))
        return ("choice", branches), tokens

    def _atom(self, token: str) -> Any:
        if token.startswith('"'):
            return ("text", re.sub(r"\\(x..|u....|U........|.)", _unescaped, token[1:-1]))
        return ("class", re.compile(token)) if token.startswith("[") else ("rule", token)

    def _read(self, node: Any, text: str, at: int) -> set[int]:
        kind = node[0]
        if kind == "text":
            return {at + len(node[1])} if text.startswith(node[1], at) else set()
        if kind == "class":
            return {at + 1} if at < len(text) and node[1].fullmatch(text[at]) else set()
        if kind == "rule":
            return self._ends(node[1], text, at)
        if kind == "choice":
            return set().union(*(self._sequence(branch, text, at) for branch in node[1]))
        _, inner, low, high = node
        now, found = {at}, {at} if low == 0 else set()
        for count in range(1, (high if high is not None else len(text) + 1) + 1):
            now = set().union(*(self._read(inner, text, place) for place in now))
            found |= now if count >= low else set()
            if not now:
                break
        return found

    def _sequence(self, parts: list[Any], text: str, at: int) -> set[int]:
        places = {at}
        for part in parts:
            places = set().union(*(self._read(part, text, place) for place in places))
        return places


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else {"n": "\n"}.get(code, code)

"""The changes that generated mutations make."""

from __future__ import annotations

from collections.abc import Iterator

from schemata import Form
from swift_source import CLOSERS, OPENERS, Place, Token

EXCHANGES = {
    "<": ("<=",), "<=": ("<",), ">": (">=",), ">=": (">",), "==": ("!=",), "!=": ("==",), "===": ("!==",), "!==": ("===",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "&&": ("||",), "||": ("&&",), "+=": ("-=",), "-=": ("+=",),
}
WORDS = {
    "min": "max", "max": "min", "true": "false", "false": "true", "first": "last", "last": "first", "popFirst": "popLast",
    "removeFirst": "removeLast", "append": "prepend", "upperBound": "lowerBound", "lowerBound": "upperBound",
}


def variants(place: Place, text: str) -> Iterator[tuple[str, str]]:
    """What the place may become, each with the change in words."""
    whole = text[place.start : place.end]
    seen = {whole}
    for becomes, change in _variants(place, text):
        if becomes not in seen:
            seen.add(becomes)
            yield becomes, change


def _variants(place: Place, text: str) -> Iterator[tuple[str, str]]:
    def exchanged(start: int, end: int, with_text: str) -> str:
        return text[place.start : start] + with_text + text[end : place.end]

    whole = " ".join(text[place.start : place.end].split())
    tokens = place.tokens
    if place.is_condition:
        yield "true", f"{whole} → true"
        yield "false", f"{whole} → false"
    if place.is_removable:
        yield "", f"{whole} → removed"
    if place.form is Form.STATEMENTS and tokens[0].text == "return":
        yield "return", f"{whole} → return"
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        if token.kind == "operator" and token.spaced:
            for other in EXCHANGES.get(token.text, ()):
                yield exchanged(token.start, token.end, other), f"{_around(tokens, i, text)}: {token.text} → {other}"
            if token.text in "+-" and following and following.kind == "number":
                yield exchanged(token.start, following.end, ""), f"{_around(tokens, i, text)}: {token.text} {following.text} removed"
            if token.text in ("&&", "||"):
                left = _operand_before(tokens, i)
                right = _operand_after(tokens, i)
                yield exchanged(left, following.start, ""), f"{whole}: {text[left:token.end]} removed"
                yield exchanged(tokens[i - 1].end, right, ""), f"{whole}: {text[token.start:right]} removed"
            if token.text == "?":
                left = _operand_before(tokens, i)
                for value in ("true", "false"):
                    yield exchanged(left, tokens[i - 1].end, value), f"{text[left:tokens[i - 1].end]} ? → {value}"
        elif token.text == "..<":
            yield exchanged(token.start, token.end, "..."), f"{_around(tokens, i, text)}: ..< → ..."
        elif token.text == "!" and following and following.start == token.end and following.kind == "word":
            yield exchanged(token.start, token.end, ""), f"{_around(tokens, i, text)}: ! removed"
        elif token.kind == "number" and token.text.isdigit():
            yield exchanged(token.start, token.end, str(int(token.text) + 1)), f"{_around(tokens, i, text)}: {token.text} → {int(token.text) + 1}"
        elif token.text in WORDS and not (following and following.text == ":") and not _is_about_capacity(tokens, i):
            yield exchanged(token.start, token.end, WORDS[token.text]), f"{_around(tokens, i, text)}: {token.text} → {WORDS[token.text]}"


def _is_about_capacity(tokens: tuple[Token, ...], i: int) -> bool:
    """`keepingCapacity: true`: nobody can tell but a profiler."""
    return i >= 2 and tokens[i - 2].text == "keepingCapacity"


def _around(tokens: tuple[Token, ...], i: int, text: str) -> str:
    first, last = tokens[max(0, i - 4)], tokens[min(len(tokens) - 1, i + 4)]
    return " ".join(text[first.start : last.end].split())


STOPS = {"&&", "||", "=", "?", ":", ",", "return", "+=", "-="}


def _operand_before(tokens: tuple[Token, ...], i: int) -> int:
    depth = 0
    for j in range(i - 1, -1, -1):
        depth += (tokens[j].text in CLOSERS) - (tokens[j].text in OPENERS)
        if depth < 0 or (depth == 0 and tokens[j].text in STOPS):
            return tokens[j + 1].start
    return tokens[0].start


def _operand_after(tokens: tuple[Token, ...], i: int) -> int:
    depth = 0
    for j in range(i + 1, len(tokens)):
        depth += (tokens[j].text in OPENERS) - (tokens[j].text in CLOSERS)
        if depth < 0 or (depth == 0 and tokens[j].text in STOPS):
            return tokens[j - 1].end
    return tokens[-1].end

"""Swift as far as mutations need it: tokens, and the places of a file where something can be exchanged.

Not a parser of the language but of how it is written here. What it gets wrong does not compile, and is dropped.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from schemata import Form

TOKEN = re.compile(
    r"""(?P<space>[ \t]+) | (?P<newline>\n) | (?P<comment>//[^\n]*)
    | (?P<string>"(?:\\\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\\.|[^"\\])*")
    | (?P<number>0x[0-9A-Fa-f_]+|\d[\d_]*(?:\.\d[\d_]*)?)
    | (?P<word>[@\#]?[A-Za-z_]\w*|\$\d+|`\w+`)
    | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<comma>,) | (?P<colon>:) | (?P<semicolon>;)
    | (?P<operator>[-+*/<>=!&|^~?%.\\]+)""",
    re.VERBOSE,
)

MODIFIERS = {"public", "package", "private", "fileprivate", "internal", "static", "mutating", "final", "unowned", "lazy", "override", "consuming"}
TYPES = {"struct", "class", "enum", "extension", "protocol"}
FUNCTIONS = {"func", "init", "subscript", "deinit"}
OPENERS, CLOSERS = "([{", ")]}"


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    on_new_line: bool
    spaced: bool
    """White space on both sides, as binary operators have it."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclasses.dataclass(frozen=True)
class Place:
    """A piece of the file that can be exchanged as a whole."""

    form: Form
    tokens: tuple[Token, ...]
    is_condition: bool = False
    """A truth value that decides what happens next."""
    is_removable: bool = False
    """A statement that may be left out."""

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end


def tokens_of(text: str) -> list[Token]:
    tokens = []
    on_new_line = True
    for match in TOKEN.finditer(text):
        if match.lastgroup == "newline":
            on_new_line = True
        if match.lastgroup in ("space", "newline", "comment"):
            continue
        spaced = text[match.start() - 1].isspace() and text[match.end() : match.end() + 1].isspace()
        tokens.append(Token(match.lastgroup, match[0], match.start(), on_new_line, spaced))
        on_new_line = False
    return tokens


def places_of(text: str) -> Iterator[Place]:
    """Where something can be exchanged; none lies partly in another."""
    yield from _Reader(tokens_of(text)).members()


class _Reader:
    def __init__(self, tokens: list[Token]):
        self.tokens = tokens
        self.at = 0

    @property
    def next(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def is_next(self, *texts: str) -> bool:
        return self.next is not None and self.next.text in texts

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def take_until(self, *texts: str) -> list[Token]:
        """Up to the first of these outside of brackets."""
        taken = []
        depth = 0
        while self.next and not (depth == 0 and (self.next.text in texts or self.next.text in CLOSERS)):
            depth += (self.next.text in OPENERS) - (self.next.text in CLOSERS)
            taken.append(self.take())
        return taken

    def take_statement(self) -> list[Token]:
        """Up to the end of the line, or of the last of the lines that belong together."""
        taken = [self.take()]
        depth = int(taken[0].text in OPENERS)
        while self.next and not (depth == 0 and (self.next.text in CLOSERS or self.next.text == ";" or self.ends_line(taken[-1], self.next))):
            depth += (self.next.text in OPENERS) - (self.next.text in CLOSERS)
            taken.append(self.take())
        return taken

    @staticmethod
    def ends_line(last: Token, following: Token) -> bool:
        if not following.on_new_line:
            return False
        goes_on = last.kind in ("comma", "colon") or (last.kind == "operator" and last.spaced)
        return not goes_on and not (following.kind == "operator" and following.text not in ("!", "-")) and following.text != ":"

    # Declarations

    def members(self) -> Iterator[Place]:
        while self.next and not self.is_next("}"):
            yield from self.member()

    def member(self) -> Iterator[Place]:
        while self.next.text in MODIFIERS or self.next.text.startswith("@"):
            self.take()
            if self.is_next("("):
                self.take_until_closed()
        if self.is_next(*TYPES):
            self.take_until("{")
            yield from self.braces(self.members)
        elif self.is_next(*FUNCTIONS):
            kind = self.take().text
            returns = kind == "subscript"
            while self.next and not self.is_next("{"):
                if self.next.on_new_line and not self.is_next(")", "->"):
                    return
                returns = returns or self.is_next("->")
                self.take_until_closed() if self.next.text in OPENERS else self.take()
            places = list(self.braces(self.accessors if returns else self.statements))
            # What an initializer leaves out does not compile, or is a default value.
            if kind != "init":
                yield from places
        elif self.is_next("var", "let"):
            head = [self.take()]
            while self.next and not self.is_next("=", "{") and not self.next.on_new_line:
                if self.next.text in OPENERS:
                    self.take_until_closed()
                else:
                    head.append(self.take())
            if self.is_next("{"):
                yield from self.braces(self.accessors)
            elif self.is_next("="):
                self.take()
                self.take_statement()
        else:
            self.take_statement()

    def take_until_closed(self) -> None:
        self.take()
        self.take_until()
        self.take()

    def braces(self, content) -> Iterator[Place]:
        self.take()
        yield from content()
        self.take()

    def accessors(self) -> Iterator[Place]:
        """The body of what has a value."""
        if not self.is_next("get", "set", "didSet", "willSet", "_read", "_modify"):
            places = list(self.statements())
            if len(places) == 1 and places[0].is_removable:
                places = [dataclasses.replace(places[0], form=Form.VALUE, is_removable=False)]
            yield from places
        else:
            while not self.is_next("}"):
                self.take()
                yield from self.braces(self.statements)

    # Statements

    def statements(self) -> Iterator[Place]:
        while self.next and not self.is_next("}"):
            yield from self.statement()

    def statement(self) -> Iterator[Place]:
        text = self.next.text
        if text == ";":
            self.take()
        elif text in ("if", "while", "guard"):
            yield from self.conditional()
        elif text == "for":
            yield from self.loop()
        elif text in ("switch", "do", "defer", "repeat"):
            self.take_until("{")
            yield from self.braces(self.statements)
        elif text in ("case", "default"):
            yield from self.pattern()
        elif text in ("let", "var"):
            yield from self.binding()
        elif text == "return":
            yield from self.exit()
        elif text in FUNCTIONS | TYPES | MODIFIERS or text.startswith("@"):
            yield from self.member()
        else:
            tokens = self.take_statement()
            if text not in ("precondition", "preconditionFailure", "break", "fallthrough"):
                yield Place(Form.STATEMENTS, tuple(tokens), is_removable=True)

    def conditional(self) -> Iterator[Place]:
        self.take()
        yield from self.conditions("else", "{")
        if self.is_next("else"):
            self.take()
        yield from self.braces(self.statements)
        if self.is_next("else"):
            self.take()
            if self.is_next("if"):
                yield from self.conditional()
            else:
                yield from self.braces(self.statements)

    def conditions(self, *ends: str) -> Iterator[Place]:
        while True:
            clause = self.take_until(",", *ends)
            if clause and clause[0].text not in ("let", "var", "case"):
                yield Place(Form.EXPRESSION, tuple(clause), is_condition=True)
            if not self.is_next(","):
                return
            self.take()

    def loop(self) -> Iterator[Place]:
        self.take_until("in")
        self.take()
        sequence = self.take_until("where", "{")
        yield Place(Form.EXPRESSION, tuple(sequence))
        if self.is_next("where"):
            self.take()
            yield from self.conditions("{")
        yield from self.braces(self.statements)

    def pattern(self) -> Iterator[Place]:
        self.take_until(":", "where")
        if self.is_next("where"):
            self.take()
            yield Place(Form.EXPRESSION, tuple(self.take_until(":")), is_condition=True)
        self.take()

    def binding(self) -> Iterator[Place]:
        statement = self.take_statement()
        equals = next((i for i, token in enumerate(statement) if token.text == "="), None)
        if equals is None:
            if statement[-1].text == "}":
                return
        elif statement[equals + 1].text not in ("if", "switch"):
            yield Place(Form.VALUE, tuple(statement[equals + 1 :]))

    def exit(self) -> Iterator[Place]:
        tokens = [self.take()]
        if self.next and not self.next.on_new_line and not self.is_next("}"):
            tokens += self.take_statement()
            yield Place(Form.STATEMENTS, tuple(tokens))

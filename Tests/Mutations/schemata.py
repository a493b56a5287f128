"""Mutant schemata: many mutations in one program, of which one is in force at run time.

Each place that a mutation changes becomes a choice between the original and what it becomes,

    (mutation(7) ? (a <= b) : (a < b))                       an expression
    if mutation(7) { count -= 1 } else { count += 1 }        statements
    let n = if mutation(7) { a - b } else { a + b }          a value: the right side of `=`, or what is returned

so that one build serves all of them. Several mutations of one place share a choice; a place may lie within another.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import re


class Form(enum.Enum):
    EXPRESSION = "expression"
    STATEMENTS = "statements"
    VALUE = "value"


@dataclasses.dataclass(frozen=True)
class Edit:
    """What one mutation makes of `text[start:end]` of a file."""

    mutation: int
    start: int
    end: int
    form: Form
    becomes: str


class Overlap(Exception):
    """Two places that are neither apart nor one within the other."""


def rewrite(text: str, edits: list[Edit]) -> str:
    """The file with a choice at each edit. Each alternative stands on lines of its own, between marks that
    `mutations_at_line` understands."""
    return "import MutationSwitch\n" + _rewrite(text, 0, len(text), sorted(edits, key=lambda e: (e.start, -e.end, e.mutation)))


def _rewrite(text: str, start: int, end: int, edits: list[Edit]) -> str:
    pieces = []
    at = start
    while edits:
        first = edits[0]
        here = list(itertools.takewhile(lambda e: (e.start, e.end) == (first.start, first.end), edits))
        rest = edits[len(here):]
        inner = list(itertools.takewhile(lambda e: e.start < first.end, rest))
        edits = rest[len(inner):]
        if first.start < at or any(e.end > first.end for e in inner) or any(e.form != first.form for e in here):
            raise Overlap(f"mutation {first.mutation} overlaps with another: {text[first.start:first.end]!r}")
        pieces.append(text[at:first.start])
        pieces.append(_choice(here, _rewrite(text, first.start, first.end, inner)))
        at = first.end
    pieces.append(text[at:end])
    return "".join(pieces)


def _choice(edits: list[Edit], original: str) -> str:
    """The original comes last, so that whatever else changes within it still is in the file once only."""
    def marked(edit: Edit) -> str:
        return f"\n/*<{edit.mutation}*/ {edit.becomes} /*>*/\n"

    numbers = ",".join(str(edit.mutation) for edit in edits)
    if edits[0].form is Form.EXPRESSION:
        choices = "".join(f"mutation({edit.mutation}) ? ({marked(edit)}) : " for edit in edits)
        # The marks within the brackets: an operator may stand right before them.
        return f"(/*[{numbers}*/{choices}({original})/*]*/)"
    choices = "".join(f"if mutation({edit.mutation}) {{{marked(edit)}}} else " for edit in edits)
    return f"/*[{numbers}*/{choices}{{ {original} }}/*]*/"


MARK = re.compile(r"/\*<(?P<alternative>\d+)\*/|/\*\[(?P<choice>[\d,]+)\*/|(?P<end>/\*[>\]]\*/)|\n")


def mutations_at_line(rewritten: str, line: int) -> list[int]:
    """Whose fault an error in this line is: the alternative's, else of all that share the innermost choice there."""
    around: list[list[int]] = []
    found: list[int] = []
    at = 1
    for mark in MARK.finditer(rewritten):
        if mark["alternative"]:
            if at == line:
                return [int(mark["alternative"])]
            around.append([int(mark["alternative"])])
        elif mark["choice"]:
            around.append([int(number) for number in mark["choice"].split(",")])
            if at == line:
                found = around[-1]
        elif mark["end"]:
            ended = around.pop()
            if at < line:
                found = ended
        else:
            at += 1
            if at == line and around:
                found = around[-1]
            if at > line:
                break
    return found

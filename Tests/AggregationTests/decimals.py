#!/usr/bin/env python3
"""Writes DecimalVectors.swift: sums and averages of random numbers as Python's decimal module computes them."""
import pathlib
import random
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext


def plain(number: Decimal) -> str:
    """The notation of windows: no needless zeros, an exponent only where more than 60 zeros would stand."""
    if number == 0:
        return "0"
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    while text.endswith("0"):
        text, exponent = text[:-1], exponent + 1
    magnitude = exponent + len(text) - 1
    if exponent > 60 or -magnitude > 60:
        text = text[0] + ("." + text[1:] if len(text) > 1 else "") + f"e{magnitude}"
    elif exponent >= 0:
        text += "0" * exponent
    elif magnitude >= 0:
        text = text[: magnitude + 1] + "." + text[magnitude + 1 :]
    else:
        text = "0." + "0" * (-magnitude - 1) + text
    return ("-" if sign else "") + text


def number(dice: random.Random, kind: int) -> str:
    sign = dice.choice(["", "", "-"])
    if kind == 0:  # money
        return f"{sign}{dice.randrange(10**6)}.{dice.randrange(100):02}"
    if kind == 1:  # integers around the ends of words
        return sign + str(abs(2 ** dice.choice([31, 53, 63, 64, 127, 128]) + dice.randrange(-3, 4)))
    if kind == 2:  # long fractions
        return f"{sign}0.{dice.randrange(10 ** dice.randrange(1, 60))}"
    if kind == 3:  # exponents
        return f"{sign}{dice.randrange(1, 1000)}{dice.choice(['', '.50', '.125'])}{dice.choice('eE')}{dice.randrange(-390, 390)}"
    if kind == 4:  # small ones, for ties
        return f"{sign}{dice.randrange(10)}e{dice.randrange(-34, 1)}"
    return dice.choice(["0", "-0", "0.000", "0e500", "1", "1.0", "10e-1", "0.1", "1E+2", "1e-400", "9e400"])


def main() -> None:
    dice = random.Random(754)
    lines = []
    for case in range(120):
        kinds = [case % 6] if case % 2 else range(6)
        numbers = [number(dice, dice.choice(kinds)) for _ in range(dice.randrange(1, 9))]
        if case >= 100:  # exactly half of the last digit, and a little more or less
            numbers = [f"{dice.randrange(10**33, 10**34)}", f"0.{dice.choice(['', '5', '9' * 40])}0{dice.choice(['', '1'])}"]
        with localcontext(Context(prec=3000, Emax=99999, Emin=-99999)):
            total = sum(map(Decimal, numbers), Decimal(0))
        average = Context(prec=34, rounding=ROUND_HALF_EVEN, Emax=99999, Emin=-99999).divide(total, Decimal(len(numbers)))
        quoted = ", ".join(f'"{text}"' for text in numbers)
        lines.append(f'        DecimalVector(\n            [{quoted}],\n            sum: "{plain(total)}",\n            average: "{plain(average)}"),')
    text = "// Written by decimals.py, with Python's decimal module.\n"
    text += "struct DecimalVector {\n    var numbers: [String]\n    var sum: String\n    var average: String\n\n"
    text += "    init(_ numbers: [String], sum: String, average: String) {\n"
    text += "        (self.numbers, self.sum, self.average) = (numbers, sum, average)\n    }\n\n"
    text += "    static let all = [\n" + "\n".join(lines) + "\n    ]\n}\n"
    pathlib.Path(__file__).with_name("DecimalVectors.swift").write_text(text)


if __name__ == "__main__":
    main()

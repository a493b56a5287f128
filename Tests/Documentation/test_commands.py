"""Commands and flags that the documentation names are those of the program, and what it says is missing is missing."""

import re
import subprocess

import pytest

from pages import BY_NAME, PAGES

# Commands with commands of their own.
NESTED = {"dlq", "keys"}


def mentions():
    """(page, line, command line) of every `fanfare ...` in code, inline or in a block for a shell."""
    for page in PAGES:
        inside = False
        for number, line in enumerate(page.text.splitlines(), 1):
            if line.startswith("```"):
                inside = line.startswith(("```sh", "```console"))
                continue
            pieces = [line] if inside else re.findall(r"`([^`]+)`", line)
            for piece in pieces:
                for found in re.findall(r"(?:^|[\s(|])fanfare ([a-z][^|#]*)", " " + piece):
                    yield page.name, number, found.strip()


@pytest.fixture(scope="module")
def help_of(program):
    known = {}

    def text(*words):
        if words not in known:
            done = subprocess.run([program, *words, "--help"], capture_output=True, text=True)
            known[words] = done.stdout if done.returncode == 0 else ""
        return known[words]
    return text


def test_every_command_line_is_one_that_the_program_takes(commands, help_of):
    found = list(mentions())
    assert len(found) > 20
    for page, number, line in found:
        words = line.split()
        command = [words[0]]
        assert words[0] in commands, f"{page}:{number}: there is no command {words[0]}"
        # `subscriptions` takes a name as well as a subcommand.
        if words[0] in NESTED and len(words) > 1 or words[:2] in [["subscriptions", word] for word in ("forget", "put", "delete", "test")]:
            command.append(words[1])
        text = help_of(*command)
        assert text, f"{page}:{number}: there is no command {' '.join(command)}"
        if command == ["subscriptions"]:
            text += help_of("subscriptions", "list")  # what it does when no subcommand is named
        for flag in re.findall(r"(?<!\S)--[a-z-]+", line):
            assert re.search(rf"(?<![\w-]){flag}\b", text), f"{page}:{number}: `fanfare {' '.join(command)}` has no {flag}"


def test_the_readme_lists_every_command(commands):
    text = BY_NAME["README.md"].text
    for command in commands - {"help"}:
        assert re.search(rf"`(fanfare )?{command}\b", text), f"README.md does not mention `{command}`"

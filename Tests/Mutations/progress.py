"""How far something is, on a terminal; nothing in a log."""

from __future__ import annotations

import sys


class Progress:
    WIDTH = 30

    def __init__(self, name: str, total: int | None):
        self.name, self.total, self.done = name, total, 0

    def __enter__(self) -> Progress:
        self._show()
        return self

    def advance(self) -> None:
        self.done += 1
        self._show()

    def _show(self) -> None:
        if not sys.stderr.isatty():
            return
        if self.total is None:
            print(f"\r{self.name} …", end="", file=sys.stderr, flush=True)
            return
        filled = self.WIDTH * self.done // max(1, self.total)
        print(f"\r{self.name} [{'#' * filled:{self.WIDTH}}] {self.done}/{self.total}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Makes room for a line of output."""
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def __exit__(self, *_) -> None:
        self.clear()

"""The scratch package: the engine with mutations built into it, the simulator, and a runner for seeds."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import resource
import shutil
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
SOURCES = pathlib.Path(os.environ.get("FANFARE_SOURCES", ROOT / "Sources"))
ENGINE = SOURCES / "DeliveryCore"
MEMORY_LIMIT = 4 << 30

MANIFEST = """\
// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("InternalImportsByDefault"), .enableUpcomingFeature("MemberImportVisibility"), .unsafeFlags(["-suppress-warnings"])]

let package = Package(
    name: "mutants",
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")],
    targets: [
        .target(name: "MutationSwitch"),
        .target(name: "EventModel", swiftSettings: settings),
        .target(
            name: "DeliveryCore",
            dependencies: [
                "EventModel", "MutationSwitch",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: settings),
        .target(name: "Simulator", dependencies: ["EventModel", "DeliveryCore"], swiftSettings: settings),
        // All modules whose types it holds, also within others': else it is not built again when only their layout changes.
        .executableTarget(
            name: "mutant-runner", dependencies: ["Simulator", "DeliveryCore", "EventModel", "MutationSwitch"], swiftSettings: settings),
        .testTarget(name: "DeliveryCoreTests", dependencies: ["EventModel", "DeliveryCore"], swiftSettings: settings),
    ]
)
"""


class BuildFailed(Exception):
    """The compiler's words."""


@dataclasses.dataclass(frozen=True)
class Broken:
    """What came of a seed."""

    seed: int
    clause: str
    """Of Sources/Simulator/Clause.swift; `trap` is one of the engine's own preconditions, `hang` a seed without end."""
    text: str = ""


@dataclasses.dataclass(frozen=True)
class Run:
    """Some seeds with one mutation in force."""

    digests: dict[int, str]
    """The traces of the seeds that kept the contract."""
    broken: list[Broken]


class Workshop:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.runner = folder / ".build" / "release" / "mutant-runner"
        self.tests = folder / ".build" / "release" / "mutantsPackageTests.xctest"

    def prepare(self, rewritten: dict[str, str]) -> None:
        """Lays the package out; files that stay as they were keep their date, for the sake of the next build."""
        sources = self.folder / "Sources"
        sources.mkdir(parents=True, exist_ok=True)
        _link(sources / "EventModel", SOURCES / "EventModel")
        _link(sources / "Simulator", SOURCES / "Simulator")
        _link(sources / "MutationSwitch", HERE / "Switch")
        _link(sources / "mutant-runner", HERE / "Runner")
        (self.folder / "Tests").mkdir(exist_ok=True)
        _link(self.folder / "Tests" / "DeliveryCoreTests", SOURCES.parent / "Tests" / "DeliveryCoreTests")
        engine = sources / "DeliveryCore"
        engine.mkdir(exist_ok=True)
        wanted = {path.name: path.read_text() for path in ENGINE.glob("*.swift")} | rewritten
        for stale in set(path.name for path in engine.iterdir()) - wanted.keys():
            (engine / stale).unlink()
        for name, text in wanted.items():
            _write(engine / name, text)
        _write(self.folder / "Package.swift", MANIFEST)
        if (ROOT / "Package.resolved").exists() and not (self.folder / "Package.resolved").exists():
            shutil.copy(ROOT / "Package.resolved", self.folder)

    def build(self, *arguments: str) -> None:
        command = ["swift", "build", "--package-path", str(self.folder), "--configuration", "release", *(arguments or ["--product", "mutant-runner"])]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise BuildFailed(done.stdout)

    def run(self, mutation: int, seeds: list[int], until: str | None = None, world: str = "events") -> Run:
        """Runs seeds with the mutation in force (0: none), until one breaks the contract, or this clause of it."""
        arguments = (["--windows"] if world == "windows" else []) + (["--until", until] if until else [])
        if mutation == 0:
            # A seed may be long; only with a bug is that a finding.
            arguments += ["--seconds", "60"]
        run = Run({}, [])
        while seeds:
            lines, ended_by = self._runner(mutation, seeds, arguments)
            for line in lines:
                seed, what, word, *text = line.split(" ", 3)
                if what == "kept":
                    run.digests[int(seed)] = word
                else:
                    run.broken.append(Broken(int(seed), word, *text))
            seeds = seeds[len(lines):]
            if ended_by:
                run.broken.append(Broken(seeds.pop(0), ended_by))
            if run.broken and (until is None or run.broken[-1].clause == until):
                break
        return run

    def unit_tests_pass(self, mutation: int) -> bool:
        """The engine's own tests, with the mutation in force."""
        try:
            tests = subprocess.run(
                [str(self.tests), "--testing-library", "swift-testing"], env=_environment(mutation),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_limit_memory, timeout=60,
            )
        except subprocess.TimeoutExpired:
            return False
        return tests.returncode == 0

    def reached(self, seeds: list[int]) -> dict[int, set[int]]:
        """By seed, the mutations whose places are come by when none is in force."""
        lines, ended_by = self._runner(0, seeds, ["--reached"])
        if ended_by or any(" kept " not in line for line in lines):
            raise RuntimeError(f"without a mutation: {ended_by or lines[-1]}")
        return {int(words[0]): {int(word) for word in words[3:]} for words in (line.split() for line in lines)}

    def _runner(self, mutation: int, seeds: list[int], arguments: list[str]) -> tuple[list[str], str | None]:
        process = subprocess.run(
            [str(self.runner), _ranges(seeds), *arguments],
            env=_environment(mutation), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=_limit_memory,
        )
        ended_by = {0: None, -signal.SIGPROF: "hang"}.get(process.returncode, "trap")
        return process.stdout.splitlines(), ended_by


def _ranges(seeds: list[int]) -> str:
    """1-3,7 for 1, 2, 3, 7."""
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][-1] + 1:
            runs[-1][1:] = [seed]
        else:
            runs.append([seed])
    return ",".join("-".join(map(str, run)) for run in runs)


def _environment(mutation: int) -> dict[str, str]:
    return os.environ | {"FANFARE_MUTATION": str(mutation), "SWIFT_BACKTRACE": "enable=no"}


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _link(link: pathlib.Path, target: pathlib.Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _write(path: pathlib.Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.write_text(text)

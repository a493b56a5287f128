"""What `make dist` packs, made of the program that is tested: its sums, its files, and that it runs from where it is installed."""

import gzip
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The harness of the end-to-end tests.
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from harness.demo import interrupted_demo  # noqa: E402
from harness.fixtures import program  # noqa: E402, F401
from harness.process import environment  # noqa: E402


def run(*words, **variables):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=environment() | variables)
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def pack(program, folder):
    run(ROOT / "scripts/dist", program, folder, COMPRESSION="none", SOURCE_DATE_EPOCH="1777577400")
    return folder


@pytest.fixture(scope="module")
def packages(program, tmp_path_factory):
    return pack(program, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory):
    """The root of a machine on which the Debian package was unpacked."""
    (deb,) = packages.glob("*.deb")
    root = tmp_path_factory.mktemp("root")
    run("dpkg-deb", "--extract", deb, root)
    return root


def fields(deb):
    text = run("dpkg-deb", "--field", deb)
    return dict(re.findall(r"^([A-Z][\w-]+): (.*(?:\n .*)*)", text, re.MULTILINE))


def test_the_sums_are_those_of_the_files_and_of_the_next_run(packages, program, tmp_path):
    sums = (packages / "SHA256SUMS").read_text()
    listed = dict(reversed(line.split()) for line in sums.splitlines())
    assert set(listed) | {"SHA256SUMS"} == {path.name for path in packages.iterdir()} and len(listed) == 2
    for name, digest in listed.items():
        assert hashlib.sha256((packages / name).read_bytes()).hexdigest() == digest
    assert (pack(program, tmp_path) / "SHA256SUMS").read_text() == sums, "the same program makes the same bytes"


def test_the_tarball_has_a_program_that_runs_and_nothing_outside_its_folder(packages, program, tmp_path):
    (path,) = packages.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        assert all(member.name.startswith(path.name.removesuffix(".tar.gz")) and member.uid == 0 for member in archive)
        archive.extractall(tmp_path, filter="tar")
    (folder,) = tmp_path.iterdir()
    assert run(folder / "bin/fanfare", "--version") == run(program, "--version")
    for name in ("LICENSE", "README.md", "share/man/man1/fanfare.1.gz", "lib/systemd/system/fanfare.service", "share/doc/fanfare/docs/MANIFESTS.md",
                 "share/bash-completion/completions/fanfare", "share/zsh/vendor-completions/_fanfare", "share/fish/vendor_completions.d/fanfare.fish"):
        assert (folder / name).stat().st_size > 1000, name


def test_the_package_says_what_it_is_and_needs(packages, program):
    (deb,) = packages.glob("*.deb")
    said = fields(deb)
    assert said["Package"] == "fanfare" and said["Version"] == run(program, "--version").split()[0]
    needed = {part.split()[0] for part in said["Depends"].split(", ")}
    # The libraries that the image installs too: Debian's, of which security fixes come.
    image = set(re.findall(r"\b(lib(?:curl|rdkafka|sqlite|ssl)[\d-]+)\b", (ROOT / "scripts/image-root").read_text()))
    assert image and image | {"adduser", "ca-certificates", "libc6"} <= needed
    assert "@" not in said["Depends"] and int(said["Installed-Size"]) > 1000


def test_what_was_installed_runs_with_its_configuration(installed, program, tmp_path):
    fanfare = installed / "usr/bin/fanfare"
    (tmp_path / "orders.yaml").write_text(
        "topic: shop.orders\nsubscriptions: { billing: { endpoint: 'https://billing.example.com/', signing: none } }\n")
    config = installed / "etc/fanfare/fanfare.yaml"
    assert run(fanfare, "check", "--config", config, "--topics", tmp_path).startswith("ok: 1 topic,")
    run(fanfare, "check", "--config", config, "--topics", installed / "etc/fanfare/topics")


def test_the_demo_finds_its_manifests_beside_the_program(installed, tmp_path):
    """In a folder that has none."""
    status, output, errors = interrupted_demo(installed / "usr/bin/fanfare", tmp_path)
    assert status == 0 and "The books balance" in output, output + errors


def test_upgrades_keep_the_configuration_and_secrets_are_closed(packages, installed, tmp_path):
    (deb,) = packages.glob("*.deb")
    run("dpkg-deb", "--control", deb, tmp_path)
    assert (tmp_path / "conffiles").read_text().splitlines() == ["/etc/fanfare/fanfare.yaml"]
    for script in ("postinst", "prerm", "postrm"):
        run("sh", "-n", tmp_path / script)
    assert (installed / "etc/fanfare/secrets").stat().st_mode & 0o7 == 0
    contents = run("dpkg-deb", "--contents", deb)
    assert all(line.split()[1] == "root/root" for line in contents.splitlines())


def test_the_service_is_closed_in_and_stops_after_what_is_in_flight(installed, tmp_path):
    unit = (installed / "lib/systemd/system/fanfare.service").read_text()
    for line in ("User=fanfare", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "SystemCallFilter=@system-service"):
        assert f"\n{line}\n" in unit, line
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[1]) == 25 + 10, "shutdown.grace and ten seconds"
    if shutil.which("systemd-analyze"):
        copy = tmp_path / "fanfare.service"
        copy.write_text(unit.replace("/usr/bin/fanfare", str(installed / "usr/bin/fanfare")))
        said = subprocess.run(["systemd-analyze", "--man=no", "verify", copy], capture_output=True, text=True)
        # A key that it does not know is a warning of its, and no more.
        assert said.returncode == 0 and str(copy) not in said.stderr, said.stderr


def test_the_man_page_names_every_command_and_has_no_mistakes(installed, program, tmp_path):
    text = gzip.open(installed / "usr/share/man/man1/fanfare.1.gz", "rt").read()
    page = tmp_path / "fanfare.1"
    page.write_text(text)
    run("mandoc", "-T", "lint", "-W", "warning", page)
    shown = run("mandoc", "-T", "utf8", page)
    listed = run(program, "--help").partition("SUBCOMMANDS:")[2]
    commands = set(re.findall(r"^  ([a-z][a-z-]+) ", listed, re.MULTILINE)) - {"help"}
    assert len(commands) > 15
    plain = re.sub(r".\x08", "", shown)
    for command in commands:
        assert re.search(rf"^ +fanfare {command}$", plain, re.MULTILINE), f"the man page does not tell of {command}"
    assert "--bootstrap-servers" in plain and "(bound:" not in plain


@pytest.mark.parametrize("shell, file", [("bash", "bash-completion/completions/fanfare"), ("zsh", "zsh/vendor-completions/_fanfare")])
def test_completions_are_scripts(installed, shell, file):
    if shutil.which(shell):
        run(shell, "-n", installed / "usr/share" / file)
    assert "redrive" in (installed / "usr/share" / file).read_text()

"""The Dockerfile, as far as it can be judged without a container engine, and the image's files."""

import json
import re
import signal
import socket
import subprocess

import pytest
import yaml

import image_root
from chart import ROOT, TOOLS, program

DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_hadolint_finds_nothing():
    done = subprocess.run([TOOLS / "bin" / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_is_copied_passes_the_dockerignore_file():
    patterns = (ROOT / ".dockerignore").read_text().split("\n")
    copied = [path for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for path in line.split()]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        assert f"!{path}" in patterns, f"{path} does not reach the build"


def test_the_chart_and_the_image_agree_on_the_user_and_the_port():
    pod = (ROOT / "helm" / "fanfare" / "templates" / "_pod.tpl").read_text()
    values = yaml.safe_load((ROOT / "helm" / "fanfare" / "values.yaml").read_text())
    (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    (port,) = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    assert values["podSecurityContext"]["runAsUser"] == int(user)
    assert f"containerPort: {port}" in pod


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    if reason := image_root.why_not():
        pytest.skip(reason)
    image = image_root.ImageRoot(tmp_path_factory.mktemp("image") / "root", program())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = "127.0.0.1:%d" % free.getsockname()[1]
    (image.folder / "etc/fanfare/topics").mkdir(parents=True)
    (image.folder / "etc/fanfare/fanfare.yaml").write_text(yaml.safe_dump({
        "kafka": {"bootstrapServers": "embedded"}, "ops": {"listen": listen}, "topics": "/etc/fanfare/topics"}))
    return image


def test_the_image_has_no_shell_and_no_other_program(image):
    programs = {str(path.relative_to(image.folder)) for path in image.folder.rglob("*")
                if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o111 and "/swift/linux/" not in str(path)}
    libraries = {name for name in programs if re.fullmatch(r"lib/[^/]+/(libc\.so\.6|ld-linux-.*)", name)}
    assert programs - libraries == {"usr/local/bin/fanfare"}
    assert image.runs("/bin/sh", "-c", "true")[0] == 127


def test_the_image_says_which_packages_it_is_made_of(image):
    """So that a scanner finds them: a stanza for each, none missing of those whose files are there."""
    listed = {}
    for path in (image.folder / "var/lib/dpkg/status.d").iterdir():
        fields = dict(re.findall(r"^(\w+): (.+)$", path.read_text(), re.MULTILINE))
        assert fields["Package"] == path.name and fields["Version"] and fields["Architecture"]
        listed[path.name] = fields
    assert {"librdkafka1", "libcurl4", "libssl3", "libc6", "ca-certificates"} <= set(listed)
    # Each package brings its licence.
    assert {path.name for path in (image.folder / "usr/share/doc").iterdir()} <= set(listed)
    assert "bookworm" in (image.folder / "etc/os-release").read_text()
    certificates = (image.folder / "etc/ssl/certs/ca-certificates.crt").read_text()
    assert certificates.count("BEGIN CERTIFICATE") > 100


def test_the_program_works_in_the_image(image):
    """With its libraries only, as another user than root, where nothing can be written."""
    config = "/etc/fanfare/fanfare.yaml"
    status, printed = image.runs("/usr/local/bin/fanfare", "--version")
    assert status == 0 and "librdkafka" in printed
    status, printed = image.runs("/usr/local/bin/fanfare", "check", "--config", config)
    assert status == 0 and "\nok: 0 topics" in printed, printed

    (healthcheck,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    ready = ["/usr/local/bin/fanfare", "ready", "--config", config]
    assert image.runs(*ready)[0] == 1
    bridge = image.starts("/usr/local/bin/fanfare", "serve", "--config", config)
    try:
        assert image.runs(*ready, "--wait", "40s") == (0, "ready\n")
        assert image.runs(*json.loads(healthcheck), "--config", config) == (0, "live\n")
    finally:
        bridge.send_signal(signal.SIGTERM)
        printed, _ = bridge.communicate(timeout=60)
    assert bridge.returncode == 0, printed

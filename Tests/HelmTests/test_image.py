"""The Dockerfile, as far as it can be judged without a container engine."""

import re
import subprocess

from chart import ROOT, TOOLS

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
    (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    (port,) = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    assert f"runAsUser: {user}" in pod
    assert f"containerPort: {port}" in pod

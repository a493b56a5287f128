"""The image's files without a container engine: what scripts/image-root makes of Debian's packages, and the program where the Dockerfile puts
it; and commands in there as a cluster runs them."""

import os
import pathlib
import re
import shutil
import subprocess

from chart import ROOT

# As Kubernetes runs a container: its own /proc and /dev, the rest read-only, another user than root.
INSIDE = """
mount --bind "$1" "$1" && mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount -o remount,bind,ro "$1" &&
exec chroot --userspec=10001:10001 "$@"
"""


def why_not():
    """Why the files cannot be made here; None where they can."""
    wanted = re.search(r"^FROM debian:(\w+)-slim", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]
    here = re.search(r"^VERSION_CODENAME=(\w+)$", pathlib.Path("/etc/os-release").read_text(), re.MULTILINE)
    if not here or here[1] != wanted:
        return f"the image is made of the packages of Debian {wanted}"
    if os.geteuid() != 0:
        return "only root may change its root"
    return None


class ImageRoot:
    def __init__(self, folder, program):
        self.folder = folder
        if subprocess.run([ROOT / "scripts/image-root", folder], capture_output=True).returncode != 0:
            # The list of packages may be missing or old.
            subprocess.run(["apt-get", "update", "--quiet=2"], check=True)
            subprocess.run(["rm", "-rf", folder], check=True)
            subprocess.run([ROOT / "scripts/image-root", folder], check=True)
        self.adds(program, "/usr/local/bin/fanfare")
        # The image's program has the Swift runtime in it; this one looks for it where the toolchain is.
        linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for path in re.findall(r"=> (\S+/swift/linux/\S+)", linked):
            self.adds(path, path)

    def adds(self, source, target):
        place = self.folder / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)

    def starts(self, *command):
        """The process is the command itself: it gets the signals."""
        words = ["unshare", "--mount", "--propagation", "private", "bash", "-c", INSIDE, "bash", self.folder, *command]
        return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

    def runs(self, *command):
        """Status and what it printed."""
        process = self.starts(*command)
        printed, _ = process.communicate(timeout=60)
        return process.returncode, printed

"""`fanfare demo`, ended as people end it."""

import signal
import subprocess

from .process import environment
from .waiting import PATIENCE


def interrupted_demo(program, folder):
    """Runs it in a folder until something is delivered, and interrupts it; its status, output and errors."""
    demo = subprocess.Popen(
        [program, "demo", "--plain"], cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    try:
        for line in demo.stdout:
            if "delivered," in line:
                break
        demo.send_signal(signal.SIGINT)
        output, errors = demo.communicate(timeout=60 * PATIENCE)
    finally:
        # It would go on for a minute, with a cluster of its own.
        demo.kill()
        demo.wait()
    return demo.returncode, output, errors

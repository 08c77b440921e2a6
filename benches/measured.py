"""What a command takes."""

import os
import subprocess
import sys
import time


def measured(command):
    """Seconds of wall and of CPU, and megabytes at most."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"failed: {command}")
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_024

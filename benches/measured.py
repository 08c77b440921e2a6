"""What a command takes."""

import json
import os
import subprocess
import sys
import time


def measured(command):
    """Seconds of wall and of CPU, and megabytes at most."""
    # From a process that is small: what starts a command counts towards the most that it held.
    told = subprocess.run([sys.executable, __file__, *map(str, command)], stdout=subprocess.PIPE)
    if told.returncode:
        sys.exit(f"failed: {command}")
    return json.loads(told.stdout)


def main():
    started = time.monotonic()
    child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(1)
    print(json.dumps([time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_024]))


if __name__ == "__main__":
    main()

"""`python -m tests.fcm`: a stand-in until its input ends; says first how to reach it, as JSON."""

import sys

import msgspec

from tests.drills.harness import free_port
from tests.fcm.standin import standing_in

if __name__ == "__main__":
    with standing_in(free_port()) as there:
        sys.stdout.write(msgspec.json.encode(there.environ()).decode() + "\n")
        sys.stdout.flush()
        sys.stdin.read()

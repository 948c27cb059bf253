"""`make drill-outbox`: T19, workers are killed again and again, and each knock still comes to its end."""

from tests.drills.harness import run
from tests.drills.killed_workers import t19

if __name__ == "__main__":
    run("outbox", {"T19": t19}, mutants=["T19"])

"""`make drill-push-revocation`: no knock begins after a withdrawal's answer, and none comes late.

T20 withdraws while knocks are claimed and begun, T20-hole does it while the push service takes
connections and never answers, T25 lets a worker come back after two hours.
"""

from tests.drills.backlog import t25
from tests.drills.black_hole import t20_hole
from tests.drills.harness import run
from tests.drills.withdrawn_knocks import t20

if __name__ == "__main__":
    run(
        "push-revocation",
        {"T20": t20, "T20-hole": t20_hole, "T25": t25},
        mutants=["T20", "T20-hole", "T25"],
    )

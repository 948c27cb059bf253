"""`make drill-revocation`: what is withdrawn is neither used nor collected from then on.

T11 and T12 race uses against withdrawals, T13 looks for stale answers, T14 kills the server between
COMMIT and answer, T15 has two devices disagree.
"""

from tests.drills.disclosing import t11, t12
from tests.drills.harness import run

if __name__ == "__main__":
    run("revocation", {"T11": t11, "T12": t12}, mutants=["T11"])

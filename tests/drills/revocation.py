"""`make drill-revocation`: what is withdrawn is neither used nor collected from then on.

T11 and T12 race uses against withdrawals, T13 looks for stale answers, T14 kills the server between
COMMIT and answer, T15 has two devices disagree.
"""

from tests.drills.crashes import t14
from tests.drills.disclosing import t11, t12
from tests.drills.harness import run
from tests.drills.stale import t13
from tests.drills.storms import t15

PARTS = {"T11": t11, "T12": t12, "T13": t13, "T14": t14, "T15": t15}

if __name__ == "__main__":
    run("revocation", PARTS, mutants=list(PARTS))

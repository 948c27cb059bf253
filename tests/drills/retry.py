"""`make drill-retry`: what is sent again has one effect, and is answered with the same bytes.

T04 sends one key many times at once, T05 misuses keys, T09 breaks requests off wherever it may.
"""

from tests.drills.broken_off import t09
from tests.drills.harness import run
from tests.drills.idempotency_keys import t04, t05

if __name__ == "__main__":
    run("retry", {"T04": t04, "T05": t05, "T09": t09}, mutants=["T04", "T05", "T09"])

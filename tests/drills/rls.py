"""`make drill-rls`: row-level security alone keeps people apart.

T27 asks without any WHERE, T40 reads the catalogue, T41 shares few connections among many.
"""

from tests.drills.catalogue import t40
from tests.drills.harness import run
from tests.drills.sharing import t41
from tests.drills.walls import t27

if __name__ == "__main__":
    run("rls", {"T27": t27, "T40": t40, "T41": t41}, mutants=["T27", "T40", "T41"])

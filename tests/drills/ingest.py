"""`make drill-ingest`: whatever breaks under an upload, each sample is stored once.

T01 kills servers, T03 cuts connections, T06 sends the same again under new keys, T07 under keys
that were forgotten, and T08 fails at every row that an upload writes.
"""

from tests.drills.cuts import t03
from tests.drills.harness import run
from tests.drills.killed import t01
from tests.drills.resync import t06, t07
from tests.drills.rollback import t08

if __name__ == "__main__":
    parts = {"T01": t01, "T03": t03, "T06": t06, "T07": t07, "T08": t08}
    run("ingest", parts, mutants=list(parts))

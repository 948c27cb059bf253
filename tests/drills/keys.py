"""`make drill-keys`: what is sealed opens in its place alone, and what is erased stays unreadable.

T45 moves and changes what is stored, T44 restores a backup of before an erasure; and the change of
the key-encryption key is killed again and again while the server serves.
"""

from tests.drills.harness import run
from tests.drills.shredding import t44
from tests.drills.tampering import t45
from tests.drills.turning import turning

if __name__ == "__main__":
    run("keys", {"T44": t44, "T45": t45, "rotation": turning}, mutants=["T44", "T45"])

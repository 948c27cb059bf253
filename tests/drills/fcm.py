"""`make drill-fcm`: each of FCM's refusals is taken for what it is, and nothing is lost by any.

T21: what fails for now is tried again, late enough and not for ever. T22: what fails for good is
not; an address that was renewed meanwhile is kept; and a refusal of us stops the lane.
"""

from tests.drills.again import t21
from tests.drills.harness import run
from tests.drills.refused import t22, t22_lane

if __name__ == "__main__":
    run("fcm", {"T21": t21, "T22": t22, "T22-lane": t22_lane}, mutants=["T21", "T22"])

"""One simulation by AccaSim: `peer.py TRACE SLOTS POLICY FOLDER`.

Prints the seconds of CPU of the simulation, then the id and the wait in seconds of each job. The
cluster is one node with that many cores. Results go to `results` beside this file.
"""

import collections
import collections.abc
import json
import os
import re
import sys
import time
from datetime import datetime
from pathlib import Path

# The package was written for Python before 3.10: its utils/misc.py takes this name from there.
collections.Mapping = collections.abc.Mapping

from accasim.base.allocator_class import FirstFit
from accasim.base.scheduler_class import EASYBackfilling, FirstInFirstOut
from accasim.base.simulator_class import Simulator

trace, slots, policy, folder = sys.argv[1:5]
os.makedirs(folder, exist_ok=True)
os.chdir(folder)
with open("cluster.json", "w") as file:
    json.dump(
        {
            "groups": {"all": {"core": int(slots)}},
            "resources": {"all": 1},
            "equivalence": {"processor": {"core": 1}},
        },
        file,
    )
dispatcher = {"fifo": FirstInFirstOut, "easy": EASYBackfilling}[policy](FirstFit())
simulator = Simulator(
    trace, "cluster.json", dispatcher, statistics_output=False, show_statistics=False
)
started = time.process_time()
simulator.start_simulation()
cpu = time.process_time() - started
print(cpu)
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
plan = Path(__file__).resolve().parent / "results" / f"sched-{Path(trace).name}"
for line in plan.read_text().splitlines():
    times = [datetime.fromisoformat(text) for text in TIME.findall(line)]
    # Handed in, started and ended, in this order.
    print(line.split(";")[0], int((times[-2] - times[0]).total_seconds()))

"""What a command says and takes: `measure.py COMMAND…`.

Prints what it printed, and then the seconds of CPU, of the clock, and the most memory in KiB.
"""

import resource
import subprocess
import sys
import time

start = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
clock = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.buffer.write(done.stdout)
print()
print(f"{used.ru_utime + used.ru_stime:.2f} {clock:.2f} {used.ru_maxrss}")
sys.exit(done.returncode)

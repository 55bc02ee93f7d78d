"""Servers in processes of their own that start at once: forks of one that has loaded all libraries.

Reads commands, a list of words in JSON a line, and runs `upcracknet` with them in a new process. Answers with
the number of the process; what it prints follows. ``["wait", number]`` answers with its exit code.
"""

import json
import os
import sys

import upcracknet.serve.review.running  # loaded once, for all forks
import upcracknet.serve.running  # noqa: F401
from upcracknet.cli.main import run

for line in sys.stdin:
    words = json.loads(line)
    if words[0] == "wait":
        print(os.waitstatus_to_exitcode(os.waitpid(words[1], 0)[1]), flush=True)
        continue
    number = os.fork()
    if number:
        print(number, flush=True)
        continue
    try:
        code = run(words)
    except SystemExit as end:
        code = end.code
    sys.stdout.flush()
    os._exit(code)

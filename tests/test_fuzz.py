"""A few of the broken files that `make fuzz` tries by the thousand."""

import json

from processes import run


def test_a_few_hundred_broken_files_do_no_harm():
    program = "import sys, fuzz; sys.exit(fuzz.main())"
    done = run(program, "--pictures", "200", "--tflite", "24", "--keras", "4")
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["pictures read"] > 30 and counts["pictures refused"] > 30
    assert counts[".tflite files refused"] > 3 and counts[".keras files refused"] > 1

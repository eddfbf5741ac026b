"""Sums what the test runners said on stdin: `123 passed, 0 failed`.

Fails if a test failed, a runner did, or no test ran at all.
"""

import re
import sys

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CARGO = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed")
NODE = re.compile(r"# (pass|fail) (\d+)$")
PYTHON = re.compile(r"Ran (\d+) tests? in |FAILED \((.*)\)$|OK \(skipped=(\d+)\)$")
ENDED = re.compile(r"runner ended: (\d+)$")


def main() -> int:
    passed = failed = failed_before = ran = 0
    for line in sys.stdin:
        line = COLOUR.sub("", line).strip()
        if match := CARGO.match(line):
            passed += int(match[1])
            failed += int(match[2])
        elif match := NODE.match(line):
            if match[1] == "pass":
                passed += int(match[2])
            else:
                failed += int(match[2])
        elif match := PYTHON.match(line):
            # unittest counts all tests first, then those that did not pass; a failed setUpClass
            # is among the latter only.
            if match[1]:
                ran = int(match[1])
                passed += ran
            for kind, count in re.findall(r"(\w+)=(\d+)", match[2] or ""):
                passed -= min(int(count), ran)
                failed += int(count) if kind in ("failures", "errors") else 0
            passed -= int(match[3] or 0)
        elif match := ENDED.match(line):
            # A runner can fail without a failed test, as when something does not compile.
            if match[1] != "0" and failed == failed_before:
                failed += 1
            failed_before = failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())

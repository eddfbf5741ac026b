#!/usr/bin/env python3
"""Checks that commands print what a document says.

    check_printed.py DOCUMENT OUTPUT

Every block of DOCUMENT that is marked `text` must be in OUTPUT, line by line and one behind the
other, in the order of the document.
"""

import re
import sys


def main():
    document, output = (open(name, encoding="utf-8").read() for name in sys.argv[1:])
    blocks = re.findall(r"^```text\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    lines = [line.rstrip() for line in output.splitlines()]
    start = 0
    for block in blocks:
        wanted = block.splitlines()
        ends = range(start, len(lines) - len(wanted) + 1)
        found = next((at for at in ends if lines[at : at + len(wanted)] == wanted), None)
        if found is None:
            sys.exit(f"not printed, or not in this place:\n{block}")
        start = found + len(wanted)
    print(f"# {len(blocks)} blocks are printed as they stand")


if __name__ == "__main__":
    main()

"""Runs the `sh` blocks of docs/OPERATIONS.md in order, as one shell, in a folder of their own.

Fails if a command fails, or prints what is not in the block that follows it. Of numbers, ids and
times only the form is compared, and `…` in the document stands for the rest of a line.

    ALBUMEN_SERVER  the server to run; default: target/debug/albumen-server
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
# What the document's commands may name, all of it moved into the folder.
PLACES = re.compile(r"(?<![\w./])/(?=(?:srv|backup|etc/albumen)\b)")
MARK = "--- end of block"


def blocks(text):
    """Commands, and what the document says that they print; None if it does not say."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
    for (kind, commands), (next_kind, output) in zip(fences, [*fences[1:], ("end", "")]):
        if kind == "sh":
            yield commands, None if next_kind else output


def form(line):
    line = re.sub(r"\b[0-9a-f]{4,}(-[0-9a-f]{4,})+\b", "ID", line)
    return re.sub(r"\d+", "0", line).rstrip()


def agrees(expected, found):
    start, is_cut, _ = form(expected).partition("…")
    return form(found).startswith(start) if is_cut else form(found) == start


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def run(script, folder, listen):
    """Runs a shell, and ends with it all that it started."""
    binary = os.environ.get("ALBUMEN_SERVER", ROOT / "target/debug/albumen-server")
    (folder / "bin").mkdir()
    (folder / "bin/albumen-server").symlink_to(pathlib.Path(binary).resolve(strict=True))
    for place in ("srv", "backup", "etc/albumen"):
        (folder / place).mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if "ALBUMEN" not in name}
    environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"
    environment["ALBUMEN_LISTEN"] = listen
    environment["no_proxy"] = environment["NO_PROXY"] = "127.0.0.1,localhost"
    with open(folder / "printed", "w+") as printed:
        shell = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait()
        finally:
            try:
                os.killpg(shell.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        printed.seek(0)
        return status, printed.read()


def main():
    walked = list(blocks((ROOT / "docs/OPERATIONS.md").read_text()))
    ports = {"8420": free_port(), "9420": free_port()}
    script = "".join(f"{commands}\necho '{MARK}'\n" for commands, _ in walked)
    for port, free in ports.items():
        script = script.replace(port, free)
    with tempfile.TemporaryDirectory(prefix="albumen-operations.") as name:
        script = PLACES.sub(f"{name}/", script)
        status, printed = run(script, pathlib.Path(name), f"127.0.0.1:{ports['8420']}")
        printed = printed.replace(name, "")
    for port, free in ports.items():
        printed = printed.replace(free, port)
    outputs = printed.split(MARK + "\n")
    wrong = status != 0
    for (commands, expected), found in zip(walked, outputs):
        if expected is None:
            continue
        pairs = list(zip(expected.splitlines(), found.splitlines()))
        is_short = len(expected.splitlines()) != len(found.splitlines())
        if is_short or not all(agrees(*pair) for pair in pairs):
            print(f"{commands}prints\n{found}and not\n{expected}")
            wrong = True
    if status:
        print(f"the shell ended with {status} in:\n{walked[len(outputs) - 1][0]}{outputs[-1]}")
    print(f"{'not ok' if wrong else 'ok'} 1 - the {len(walked)} blocks of OPERATIONS.md are run")
    print("# fail 1" if wrong else "# pass 1")
    return 1 if wrong else 0


sys.exit(main())

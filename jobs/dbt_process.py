"""Runs dbt, each time in a fork of one process that has imported it.

Importing dbt takes longer than most of its builds. The process is started once, early
if somebody says so, and ends with ours: its standard input closes when we are gone. It
then kills a build under way, which must not go on writing beside a second try.
"""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

#: How long an answer may lie there before it is passed on.
_PATIENCE_SECONDS = 0.05


@cache
def _server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "jobs.dbt_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def warm_up() -> None:
    """Begin to import dbt while other work goes on."""
    _server()


def run_dbt(
    arguments: Sequence[str], environment: Mapping[str, str], output: Path
) -> int:
    """Run dbt and return its exit code: 1 where a node failed, 2 where dbt did.

    What it prints goes to the file ``output``. Raises RuntimeError where the process
    has died.
    """
    server = _server()
    request = {
        "arguments": list(arguments),
        "environment": dict(environment),
        "output": str(output),
    }
    if server.stdin is None or server.stdout is None:
        message = "the dbt process has no pipes"
        raise RuntimeError(message)
    try:
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        _server.cache_clear()
        message = f"the dbt process ended with code {server.wait()}"
        raise RuntimeError(message)
    return int(answer)


def _serve() -> None:
    """Answer every line of standard input, a request, with an exit code."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - the slow import of this module

    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if not child:
            os.environ.clear()
            os.environ.update(request["environment"])
            with Path(request["output"]).open("wb") as output:
                os.dup2(output.fileno(), sys.stdout.fileno())
                os.dup2(output.fileno(), sys.stderr.fileno())
            done = dbtRunner().invoke(request["arguments"])
            if done.exception:
                sys.stderr.write(f"{done.exception}\n")
            sys.exit(0 if done.success else 2 if done.exception else 1)
        sys.stdout.write(f"{_wait_for(child)}\n")
        sys.stdout.flush()


def _wait_for(child: int) -> int:
    """Return the exit code of the build; kill it where nobody waits for it any more.

    Nobody asks again before the answer, so that input means its end.
    """
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if select.select([sys.stdin], [], [], _PATIENCE_SECONDS)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            sys.exit(1)


if __name__ == "__main__":
    _serve()

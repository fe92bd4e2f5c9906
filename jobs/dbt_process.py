"""Runs dbt, each time in a fork of one process that has imported it and our project.

Importing dbt takes longer than most of its builds, and reading the project takes a
third of one. The process is started once, early if somebody says so, and ends with
ours: its standard input closes when we are gone. It then kills a build under way, which
must not go on writing beside a second try.
"""

import itertools
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

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
    import dbt.cli.main  # noqa: F401, PLC0415 - the slow import of this module

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    while line := sys.stdin.readline():
        request = json.loads(line)
        os.environ.clear()
        os.environ.update(request["environment"])
        with Path(request["output"]).open("wb") as output:
            os.dup2(output.fileno(), sys.stdout.fileno())
            os.dup2(output.fileno(), sys.stderr.fileno())
        answers.write(f"{_build(request['arguments'])}\n")
        answers.flush()


def _build(arguments: list[str]) -> int:
    """Read the project here, where the next build finds it, and build it in a fork.

    dbt reads again what has changed since, and all of it where a variable that it read
    has another value. What a build does to it stays in the fork.
    """
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - imported by now
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    shared = {"--project-dir", "--profiles-dir", "--target-path", "--log-path"}
    pairs = itertools.pairwise(arguments)
    options = [word for pair in pairs if pair[0] in shared for word in pair]
    silent = ("--quiet", "--no-use-colors", "--no-write-json")
    parsed = dbtRunner().invoke([*silent, "parse", *options])
    project = parsed.result
    if not isinstance(project, Manifest):
        return _exit_code(parsed)
    child = os.fork()
    if not child:
        done = dbtRunner(manifest=project).invoke(arguments)
        sys.exit(_exit_code(done))
    return _wait_for(child)


def _exit_code(done: "dbtRunnerResult") -> int:
    if done.exception:
        sys.stderr.write(f"{done.exception}\n")
        sys.stderr.flush()
        return 2
    return 0 if done.success else 1


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

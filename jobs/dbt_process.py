"""Runs dbt, each time in a fork of one process that has imported it and our project.

Importing dbt takes longer than most of its builds, and reading the project takes a
third of one. The process is started once, and reads ahead if somebody says so while
other work goes on. It ends with ours: its standard input closes when we are gone. It
then kills a build under way, which must not go on writing beside a second try.
"""

import atexit
import contextlib
import gc
import importlib
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
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunner, dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

#: How the names begin of what of the environment is in a project once it is read: the
#: names of relations and dbt's own settings. SQL and profile read all else when used.
READ_ENVIRONMENT = ("ADVANCES_WAREHOUSE", "ADVANCES_BIGQUERY_", "DBT_")

#: dbt, and what it would import again in every build.
IMPORTED = ("dbt.cli.main", "dbt.task.build", "dbt_common.clients.agate_helper")

#: Where dbt runs: the state of the project last read, and what dbt made of it.
_parsed: list[Any] = []


@cache
def _server() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "jobs.dbt_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_ahead(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Begin to import dbt and to read the project, and do not wait for it.

    Where it cannot be read, whoever runs dbt next is told.
    """
    with contextlib.suppress(BrokenPipeError):
        _send(arguments, environment, output="")


def run_dbt(
    arguments: Sequence[str], environment: Mapping[str, str], output: Path
) -> int:
    """Run dbt and return its exit code: 1 where a node failed, 2 where dbt did.

    What it prints goes to the file ``output``. Raises RuntimeError where the process
    has died meanwhile.
    """
    try:
        answer = _send(arguments, environment, str(output)).readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        message = f"the dbt process ended with code {_server().wait()}"
        raise RuntimeError(message)
    return int(answer)


def _send(
    arguments: Sequence[str], environment: Mapping[str, str], output: str
) -> IO[str]:
    """Hand a request to the process, a new one where it has died.

    Return the pipe that the answer comes through.
    """
    if _server().poll() is not None:
        _server.cache_clear()
    requests, answers = _server().stdin, _server().stdout
    if requests is None or answers is None:
        message = "the dbt process has no pipes"
        raise RuntimeError(message)
    request = {
        "arguments": list(arguments),
        "environment": dict(environment),
        "output": output,
    }
    requests.write(json.dumps(request) + "\n")
    requests.flush()
    return answers


def _serve() -> None:
    """Answer every line of standard input, a request, with an exit code.

    One without an output only wants the project read, and no answer.
    """
    gc.disable()  # Looking for garbage takes a third of importing and reading.
    for name in IMPORTED:
        importlib.import_module(name)

    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    while line := sys.stdin.readline():
        request = json.loads(line)
        os.environ.clear()
        os.environ.update(request["environment"])
        with Path(request["output"] or os.devnull).open("wb") as output:
            os.dup2(output.fileno(), sys.stdout.fileno())
            os.dup2(output.fileno(), sys.stderr.fileno())
        if not request["output"]:
            # What is wrong with the project, its build meets again and says.
            with contextlib.suppress(Exception):
                _read_ahead(request["arguments"])
            continue
        answers.write(f"{_build(request['arguments'])}\n")
        answers.flush()


def _read_ahead(arguments: list[str]) -> None:
    """Read the project, and compile the macros that builds use: each would again."""
    from dbt_common.clients.jinja import template_cache  # noqa: PLC0415

    project = _project(dict(itertools.pairwise(arguments)))
    if isinstance(project, int):
        return
    waiting = [
        name
        for name, macro in project.macros.items()
        if macro.package_name == project.metadata.project_name
    ]
    called: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in project.macros and name not in called:
            called.add(name)
            waiting += project.macros[name].depends_on.macros
    for name in called:
        template_cache.get_node_template(project.macros[name])


def _build(arguments: list[str]) -> int:
    """Read the project here, where the next build finds it, and build it in a fork.

    What a build does to the project stays in the fork.
    """
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - imported by now

    project = _project(dict(itertools.pairwise(arguments)))
    if isinstance(project, int):
        return project
    ended, alive = os.pipe()
    child = os.fork()
    if not child:
        code = _run(dbtRunner(manifest=project), arguments)
        atexit._run_exitfuncs()  # noqa: SLF001 - dbt closes the warehouse there.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # Taking all of dbt apart first takes half a second.
    os.close(alive)
    return _wait_for(child, ended)


def _project(options: Mapping[str, str]) -> "Manifest | int":
    """Return the project, read again if it has changed, or why it cannot be read.

    dbt takes a third of a short build to find out that nothing changed, so we look at
    the files' times and the environment first.
    """
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - imported by now
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415

    state = _state_of(Path(options["--project-dir"]))
    if _parsed and _parsed[0] == state:
        known: Manifest = _parsed[1]
        return known
    if _parsed:
        _parsed.clear()
        gc.collect()
    names = ("--project-dir", "--profiles-dir", "--target-path", "--log-path")
    words = [word for name in names for word in (name, options[name])]
    quiet = ("--quiet", "--no-use-colors", "--no-write-json")
    parsed = dbtRunner().invoke([*quiet, "parse", *words])
    if not isinstance(parsed.result, Manifest):
        gc.collect()
        return _exit_code(parsed)
    _parsed.extend((state, parsed.result))
    return parsed.result


def _state_of(folder: Path) -> tuple[Any, ...]:
    """Return what tells whether a project has changed, the night aside."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    times = [(str(path), path.stat().st_mtime_ns) for path in files]
    environment = {
        k: v for k, v in os.environ.items() if k.startswith(READ_ENVIRONMENT)
    }
    # The name of DuckDB's file is the first part of the name of every relation.
    return times, environment, Path(os.environ["ADVANCES_DUCKDB_PATH"]).name


def _run(runner: "dbtRunner", arguments: list[str]) -> int:
    """Run dbt; of a build keep what became of each node, and no copy of the project."""
    from dbt.artifacts.schemas.run import RunExecutionResult  # noqa: PLC0415
    from dbt.parser.manifest import write_manifest  # noqa: PLC0415

    target = arguments[arguments.index("--target-path") + 1]
    if "docs" in arguments and runner.manifest:
        write_manifest(runner.manifest, target)  # dbt puts it in its page.
    if "build" not in arguments:
        return _exit_code(runner.invoke(arguments))

    done = runner.invoke(["--no-write-json", *arguments])
    if isinstance(done.result, RunExecutionResult):
        done.result.write(f"{target}/run_results.json")
    return _exit_code(done)


def _exit_code(done: "dbtRunnerResult") -> int:
    if done.exception:
        sys.stderr.write(f"{done.exception}\n")
        sys.stderr.flush()
        return 2
    return 0 if done.success else 1


def _wait_for(child: int, ended: int) -> int:
    """Return the exit code of the build; kill it where nobody waits for it any more.

    The pipe ``ended`` closes with the build. Nobody asks again before the answer, so
    that other input means the end of who asked.
    """
    ready, _, _ = select.select([ended, sys.stdin], [], [])
    os.close(ended)
    if ready == [sys.stdin]:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sys.exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    _serve()

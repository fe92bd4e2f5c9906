"""Airflow's command line, our DAGs, and where the commands they run are."""

import subprocess
import sys
from pathlib import Path

DAGS = Path(__file__).resolve().parents[2] / "dags"
BIN = Path(sys.executable).parent


class Airflow:
    """Airflow's command line in its own processes; nothing listens on a port."""

    def __init__(self, environment: dict[str, str]) -> None:
        """Keep the variables every command gets."""
        self.environment = environment

    def __call__(
        self, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; ``variables`` join its environment."""
        return subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )

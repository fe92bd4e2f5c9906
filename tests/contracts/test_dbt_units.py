"""The unit tests of the dbt models pass; the nightly build leaves them out."""

import json
import subprocess
import sys
from pathlib import Path

from jobs.build import build
from jobs.night import Night


def test_unit_tests_pass(finished_night: Night, tmp_path: Path) -> None:
    """Every given and expected row in the models' YAML holds."""
    build(finished_night, "accuracy")  # Their columns are looked up in its tables.
    settings = finished_night.settings
    subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--quiet", "test"),
            *("--select", "test_type:unit"),
            *("--project-dir", str(settings.dbt_project)),
            *("--profiles-dir", str(settings.dbt_project)),
            *("--target-path", str(tmp_path), "--log-path", str(tmp_path)),
        ],
        env=settings.dbt_environment(finished_night.warehouse_address),
        check=True,
    )
    results = json.loads((tmp_path / "run_results.json").read_text())["results"]

    assert len(results) >= 10
    assert {"pass"} == {result["status"] for result in results}

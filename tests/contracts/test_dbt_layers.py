"""The layers of the dbt project point one way, read from its own manifest."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jobs.ingest import RAW_TABLES
from jobs.settings import Settings
from jobs.warehouse.tables import TABLES

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Parse the project with dbt and return its manifest."""
    target = tmp_path_factory.mktemp("dbt")
    subprocess.run(
        [
            *(sys.executable, "-m", "dbt.cli.main", "--quiet", "parse"),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(target), "--log-path", str(target)),
        ],
        env=Settings().dbt_environment(target / "warehouse.duckdb"),
        check=True,
    )
    manifest: Manifest = json.loads((target / "manifest.json").read_text())
    return manifest


def models(manifest: Manifest) -> dict[str, Any]:
    """Return the models by id."""
    return {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }


def layer(manifest: Manifest, name: str) -> str:
    """Return the folder of a model, such as ``marts/cash_flow``; sources are raw."""
    if name.startswith("source."):
        return f"source/{manifest['sources'][name]['source_name']}"
    parts = Path(manifest["nodes"][name]["original_file_path"]).parts
    return "/".join(parts[1:-1])


def edges(manifest: Manifest) -> list[tuple[str, str]]:
    """Return (layer of the model, layer of what it reads) for every reference."""
    return [
        (layer(manifest, name), layer(manifest, parent))
        for name, node in models(manifest).items()
        for parent in node["depends_on"]["nodes"]
    ]


def test_staging_reads_only_sources(manifest: Manifest) -> None:
    """Staging is one to one with raw; the ledger also asks which lines came again."""
    read = {
        (name, parent)
        for name, node in models(manifest).items()
        if layer(manifest, name).startswith("staging")
        for parent in node["depends_on"]["nodes"]
    }

    assert {
        (
            "model.seller_advances.stg_balance_transactions",
            "model.seller_advances.stg_changed_lines",
        )
    } == {(name, parent) for name, parent in read if not parent.startswith("source.")}


def test_only_staging_reads_sources(manifest: Manifest) -> None:
    """Everything after staging reads models."""
    children = {child for child, parent in edges(manifest) if "source/" in parent}

    assert children
    assert all(child.startswith("staging/") for child in children)


def test_cash_flow_never_reads_what_jobs_wrote(manifest: Manifest) -> None:
    """The arrow from dbt to jobs to dbt is a line, not a circle."""
    below = {
        parent
        for child, parent in edges(manifest)
        if child in {"marts/cash_flow", "intermediate/cash_flow"}
    }

    assert below
    decided = {"staging/underwriting", "intermediate/offers"}
    assert not (decided | {"marts/offers", "marts/accuracy"}) & below


def test_no_offer_depends_on_the_scores_of_forecasts(manifest: Manifest) -> None:
    """What compares forecasters can fail without holding up an offer."""
    offers = [parent for child, parent in edges(manifest) if child == "marts/offers"]
    accuracy = [child for child, _ in edges(manifest) if child == "marts/accuracy"]
    shared = {
        name
        for name, node in models(manifest).items()
        if {"offers", "accuracy"} <= set(node["tags"])
    }

    assert "marts/accuracy" not in offers
    assert offers
    assert accuracy
    assert {layer(manifest, name) for name in shared} == {"staging/underwriting"}


def test_intermediate_reads_no_mart_but_never_is_read_outside_dbt(
    manifest: Manifest,
) -> None:
    """Intermediate models stand before the marts."""
    parents = {
        parent for child, parent in edges(manifest) if child.startswith("intermediate/")
    }

    assert parents
    assert all(parent.startswith(("staging", "intermediate")) for parent in parents)


def test_every_mart_enforces_its_contract_and_describes_every_column(
    manifest: Manifest,
) -> None:
    """A mart's columns are declared, typed and described, its grain too."""
    marts = {
        name: node
        for name, node in models(manifest).items()
        if layer(manifest, name).startswith("marts/")
    }

    assert len(marts) >= 12
    for name, node in marts.items():
        assert node["contract"]["enforced"], name
        assert "one row per" in node["description"].lower(), name
        for column in node["columns"].values():
            assert column["data_type"], (name, column["name"])
            assert column["description"], (name, column["name"])


def test_every_mart_tests_its_grain(manifest: Manifest) -> None:
    """Each mart has the unique_grain test."""
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") == "unique_grain"
    }
    marts = {
        name for name in models(manifest) if layer(manifest, name).startswith("marts/")
    }

    assert set() == marts - tested


def test_sources_are_the_tables_that_jobs_write(manifest: Manifest) -> None:
    """Dbt's sources and the warehouse tables are the same list."""
    declared = {
        f"{source['schema']}.{source['name']}"
        for source in manifest["sources"].values()
    }
    written = {table.address for table in (*RAW_TABLES.values(), *TABLES)}

    assert set() == declared - written
    assert written - declared == {
        "underwriting.forecast_models",
        "underwriting.policies",
        "underwriting.publications",
        "underwriting.rate_audits",
        "underwriting.watch_findings",
    }


@pytest.mark.parametrize(
    ("folder", "mark_name", "fewest"),
    [
        ("marts/cash_flow", "rpt_built_night", 10),
        ("marts/offers", "rpt_audited_night", 4),
    ],
)
def test_a_night_is_marked_after_every_other_mart(
    manifest: Manifest, folder: str, mark_name: str, fewest: int
) -> None:
    """The mark that a part is built, and passed, waits for all of its other marts."""
    marts = {name for name in models(manifest) if layer(manifest, name) == folder}
    (mark,) = [name for name in marts if name.endswith(f".{mark_name}")]

    assert len(marts) > fewest
    assert marts - {mark} <= set(manifest["nodes"][mark]["depends_on"]["nodes"])

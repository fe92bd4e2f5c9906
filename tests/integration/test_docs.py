"""The documentation of a finished night: complete, each thing said once, and honest."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from jobs.build import write_docs
from jobs.dbt_process import run_dbt
from jobs.night import Night

ROOT = Path(__file__).resolve().parents[2]
#: What has nothing to say on some nights, or comes from events that may not happen.
MAY_BE_QUIET = {
    "advance_changes",
    "advance_days",
    "advance_gates",
    "advance_offers",
    "advance_repayments",
    "advances",
    "chargebacks",
    "compliance_checks",
    "early_warnings",
    "eligibility_reasons",
    "guard_findings",
    "journal_entries",
    "offer_changes",
    "offer_disclosures",
    "offer_evaluations",
    "offer_events",
    "open_offers",
    "payouts",
    "quarantine",
    "reconciliation_findings",
    "refunds",
    "repayment_differences",
    "seller_restrictions",
    "sellers",
}


@pytest.fixture(scope="module")
def page(finished_night: Night) -> Path:
    """Write the documentation and return where it is."""
    return write_docs(finished_night)


@pytest.fixture(scope="module")
def target(finished_night: Night, page: Path) -> Path:
    """Return the folder in which dbt left what the page is made of."""
    assert page.exists()
    return finished_night.workspace / "dbt"


@pytest.fixture(scope="module")
def manifest(target: Path) -> dict[str, Any]:
    """Return what dbt knows of the project."""
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text("utf-8"))
    return found


def marts(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the marts by id."""
    return {
        name: node
        for name, node in manifest["nodes"].items()
        if node["original_file_path"].startswith("models/marts/")
        and node["resource_type"] == "model"
    }


def test_the_page_opens_from_disk(page: Path) -> None:
    """One file begins with the guide and asks for nothing else."""
    text = page.read_text("utf-8")

    assert "The analyst's guide" in text
    assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="http', text) == []


def test_every_mart_column_is_described_once(manifest: dict[str, Any]) -> None:
    """What two columns share is one doc block, and no block serves one column."""
    columns = [
        (column, f"{node['name']}.{column['name']}")
        for node in marts(manifest).values()
        for column in node["columns"].values()
    ]
    assert len(columns) > 500
    assert [name for column, name in columns if not column["description"]] == []

    own = [column["description"] for column, _ in columns if not column["doc_blocks"]]
    assert sorted({text for text in own if own.count(text) > 1}) == []
    used = [block for column, _ in columns for block in column["doc_blocks"]]
    written = {
        name
        for name, block in manifest["docs"].items()
        if block["original_file_path"].startswith("models/marts/")
    }
    assert written == {block for block in used if used.count(block) > 1}


def test_descriptions_are_in_the_warehouse(
    target: Path, manifest: dict[str, Any]
) -> None:
    """The catalogue, read from the tables, has a comment for each mart and column."""
    catalog = json.loads((target / "catalog.json").read_text("utf-8"))["nodes"]
    built = {name: catalog[name] for name in marts(manifest) if name in catalog}

    assert len(built) > 30
    for name, table in built.items():
        assert table["metadata"]["comment"], name
        assert all(column["comment"] for column in table["columns"].values()), name


def test_everything_has_an_owner(manifest: dict[str, Any]) -> None:
    """Whoever finds a mart, a source or a reader of them knows whom to ask."""
    groups = {group["name"]: group["owner"] for group in manifest["groups"].values()}

    for mart in marts(manifest).values():
        assert groups[mart["group"]]["name"], mart["name"]
    for source in manifest["sources"].values():
        assert source["meta"]["owner"], source["name"]
        assert source["description"], source["name"]
    for exposure in manifest["exposures"].values():
        assert exposure["owner"]["name"], exposure["name"]
        assert exposure["depends_on"]["nodes"], exposure["name"]


def test_readers_are_exposed_with_what_they_read(manifest: dict[str, Any]) -> None:
    """Each notebook, and the report, depends on the marts in its queries."""
    declared = {}
    for exposure in manifest["exposures"].values():
        if exposure["type"] in {"notebook", "dashboard"}:
            reader = exposure["description"].split(",")[0]
            names = [node.split(".")[-1] for node in exposure["depends_on"]["nodes"]]
            declared[reader] = set(names)
    readers = {
        f"notebooks/{path.name}": path.read_text("utf-8")
        for path in (ROOT / "notebooks").glob("*.ipynb")
    }
    parts = sorted((ROOT / "jobs").glob("report*.py"))
    readers["`advances report`"] = "".join(part.read_text("utf-8") for part in parts)
    named = re.compile(r"\b(?:cash_flow|offers|book|accuracy)\.((?:dim|fct|rpt)_\w+)")

    assert declared == {
        reader: set(named.findall(text)) for reader, text in readers.items()
    }


def test_sources_are_as_fresh_as_the_night(
    finished_night: Night, target: Path, manifest: dict[str, Any], tmp_path: Path
) -> None:
    """At the end of the night all is fresh, two nights later nothing is."""
    sources = manifest["sources"].values()
    assert all(source["loaded_at_field"] for source in sources)
    without = {source["name"] for source in sources if not source["freshness"]}
    assert without == MAY_BE_QUIET

    project = str(finished_night.settings.dbt_project)
    found = []
    for as_of_date in ("2026-10-31", "2026-11-02"):
        run_dbt(
            [
                *("--quiet", "source", "freshness"),
                *("--project-dir", project, "--profiles-dir", project),
                *("--target-path", str(target), "--log-path", str(target)),
            ],
            finished_night.settings.dbt_environment(finished_night.warehouse_address)
            | {"ADVANCES_AS_OF_DATE": as_of_date},
            tmp_path / "printed.txt",
        )
        results = json.loads((target / "sources.json").read_text("utf-8"))["results"]
        found.append([result["status"] for result in results])

    count = len(sources) - len(MAY_BE_QUIET)
    assert found == [["pass"] * count, ["warn"] * count]

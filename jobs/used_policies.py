"""Policies that have decided something: kept to the letter, and never changed after."""

import pandas as pd
import pyarrow as pa

from jobs.night import Night
from jobs.settings import ConfigurationError
from jobs.sources.protocol import DataError
from jobs.underwriting.policy import Policy
from jobs.underwriting.policy_record import changes, from_record, hash_of, record
from jobs.warehouse.protocol import Warehouse, Write
from jobs.warehouse.tables import POLICIES


def first_use(night: Night, warehouse: Warehouse) -> list[Write]:
    """Return the write that records the night's policy, none where it is recorded.

    Raises ConfigurationError as ``require_unchanged`` does.
    """
    if require_unchanged(night, warehouse):
        return []
    version, text = night.policy.policy_version, record(night.policy)
    row = {
        "first_used_date": pd.Timestamp(night.as_of_date),
        "policy_version": version,
        "policy_hash": hash_of(text),
        "content": text,
    }
    rows = pa.Table.from_pandas(pd.DataFrame([row]), preserve_index=False)
    partition = {"first_used_date": night.as_of_date, "policy_version": version}
    return [Write(POLICIES, partition, rows)]


def require_unchanged(night: Night, warehouse: Warehouse) -> bool:
    """Tell whether the night's policy has decided before.

    Raises ConfigurationError, naming file and keys, where it is not the policy that
    was used before under its version.
    """
    version = night.policy.policy_version
    recorded = _recorded(version, warehouse)
    if recorded is None:
        return False
    found = changes(recorded, night.policy)
    if found:
        lines = [f"{version}.toml: {fault.key}: {fault.text}" for fault in found]
        lines.append(f"Policy {version} has decided already and cannot change")
        advice = "put the new numbers into a file of a new version"
        raise ConfigurationError("\n".join(lines), advice)
    return True


def used_policy(version: str, warehouse: Warehouse) -> Policy:
    """Return the policy that decided under ``version``; DataError where none did."""
    policy = recorded_policy(version, warehouse)
    if policy is None:
        message = f"policy {version} has decided nothing in this warehouse"
        raise DataError(message, "see underwriting.policies for those that have")
    return policy


def recorded_policy(version: str, warehouse: Warehouse) -> Policy | None:
    """Return the policy that decided under ``version``, None where none is recorded."""
    if not warehouse.exists("underwriting", "policies"):
        return None
    recorded = _recorded(version, warehouse)
    return None if recorded is None else from_record(recorded)


def _recorded(version: str, warehouse: Warehouse) -> str | None:
    found = warehouse.query(
        "select content from underwriting.policies"
        " where policy_version = $policy_version",
        policy_version=version,
    )
    return str(found["content"][0].as_py()) if found.num_rows else None

"""What is kept of a policy that decided something, so that it can decide it again."""

import hashlib
import json
from collections.abc import Iterator

from jobs.underwriting.policy import Policy
from jobs.underwriting.policy_checks import Fault


def record(policy: Policy) -> str:
    """Return every value of the policy as JSON, without keys that it leaves out.

    What is left out does not count, so that a key of a later version changes nothing.
    """
    values = policy.model_dump(mode="json", exclude_none=True)
    return json.dumps(values, sort_keys=True)


def from_record(text: str) -> Policy:
    """Return the policy that ``record`` wrote down."""
    return Policy.model_validate_json(text)


def hash_of(text: str) -> str:
    """Return the SHA-256 of a record."""
    return hashlib.sha256(text.encode()).hexdigest()


def changes(recorded: str, policy: Policy) -> list[Fault]:
    """Name each key whose value is not the one that was recorded."""
    before = dict(_flat("", json.loads(recorded)))
    after = dict(_flat("", json.loads(record(policy))))
    return [
        Fault(key, f"expected {_shown(before, key)}, got {_shown(after, key)}.")
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def _flat(place: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{place}.{key}".lstrip("."), inner)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, inner in enumerate(value):
            yield from _flat(f"{place}.{number}", inner)
    else:
        yield place, value


def _shown(values: dict[str, object], key: str) -> str:
    return json.dumps(values[key]) if key in values else "nothing"

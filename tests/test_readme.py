"""What README tells a newcomer to type exists and parses."""

import re
import shlex
from pathlib import Path

import click
import pytest

from jobs.__main__ import cli

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\.venv/bin/advances (.+)$", README, re.MULTILINE)


def test_every_command_is_shown() -> None:
    """Each command of the command line appears in README."""
    assert set(cli.commands) == {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_parses(command: str) -> None:
    """Every option in a README command is one that the command has."""
    words = shlex.split(command)
    context = click.Context(cli, info_name="advances")
    node: click.Command = cli
    while isinstance(node, click.Group):
        name, node, words = node.resolve_command(context, words)
        assert node is not None, name

    assert node.make_context("advances", words, parent=context)


def test_make_targets_exist() -> None:
    """The commands of the first five minutes are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\w+)", README, re.MULTILINE)

    assert targets == ["nightly", "demo", "docs", "test"]
    assert all(f"\n{target}:" in makefile for target in targets)


def test_links_lead_somewhere() -> None:
    """Every relative link of README points at a file."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_summary_shown_has_the_lines_that_are_printed() -> None:
    """Every label of the printed summary stands in README, in the same order."""
    source = (ROOT / "jobs" / "terminal.py").read_text(encoding="utf-8")
    labels = [" evaluated", " eligible", "Why the others", "Quarantined rows: "]
    labels += ["Watch: ", "Report: ", "Results: ", "Offers hash: "]
    (block,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)

    assert all(label in source for label in labels)
    places = [block.index(label) for label in labels]
    assert places == sorted(places)

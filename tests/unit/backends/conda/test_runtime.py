"""How the engine's words reach a user."""

from __future__ import annotations

from pypackage.backends.conda.runtime import message

# What rattler says when the cache's disk is full: one cause alone, and again within another.
FULL = """failed to fetch numpy-2.4.6-py311_0.conda

  Caused by: package cache layer error: cannot write '/c/pkgs': No space left (os error 28)
  Caused by: cannot write '/c/pkgs': No space left (os error 28)
"""


def test_message__says_each_cause_once_and_what_to_do() -> None:
    first, cause, advice = message(RuntimeError(FULL)).splitlines()
    assert first == "failed to fetch numpy-2.4.6-py311_0.conda"
    assert cause.strip().startswith("Caused by: package cache layer error")
    assert advice.startswith("free some space")


def test_message__limit_of_the_process__says_what_to_do() -> None:
    said = message(RuntimeError("failed\nCaused by: Too many open files (os error 24)"))
    assert said.splitlines()[-1] == "allow more open files (ulimit -n 1024)"


def test_message__hides_credentials_and_keeps_other_lines() -> None:
    said = message(RuntimeError("a\n  b\n  b\nat https://user:secret@host/x"))
    assert said == "a\n  b\n  b\nat https://host/x"

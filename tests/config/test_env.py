"""Settings from the environment: values, files, and messages for what cannot be understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.env import BadSetting, envbool, envint, envlist, envstr


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    monkeypatch.delenv("SOME_KEY", raising=False)
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    assert envstr("SOME_KEY") == "s3cret"
    monkeypatch.setenv("SOME_KEY", "the variable itself goes first")
    assert envstr("SOME_KEY") == "the variable itself goes first"


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "absent"))
    with pytest.raises(BadSetting, match=r"SOME_KEY_FILE=\S+absent cannot be read: No such file"):
        envstr("SOME_KEY")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("on", True), ("No", False), ("", False), ("FALSE", False)])
def test_switches(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("SWITCH", text)
    assert envbool("SWITCH", not value) is value


def test_values_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCH", "maybe")
    with pytest.raises(BadSetting, match="SWITCH='maybe' is neither true nor false"):
        envbool("SWITCH", True)
    monkeypatch.setenv("NUMBER", "4 GB")
    with pytest.raises(BadSetting, match="NUMBER='4 GB' is not a whole number"):
        envint("NUMBER", 1)
    monkeypatch.setenv("NUMBER", "")
    assert envint("NUMBER", 7) == 7


def test_lists_lose_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", " a.example , ,b.example,")
    assert envlist("HOSTS") == ["a.example", "b.example"]

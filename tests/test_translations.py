"""Every message is there in Spanish and Portuguese, with the same placeholders, and nothing stale."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from caminos.i18n import LANGUAGES, _, number, use_language
from caminos.planning.find_out import ways_to_find_out

REPOSITORY = Path(__file__).resolve().parent.parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]


@pytest.fixture(scope="module")
def updater() -> ModuleType:
    """The script that collects the messages."""
    path = REPOSITORY / "scripts" / "update_translations.py"
    specification = importlib.util.spec_from_file_location("update_translations", path)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules["update_translations"] = module
    specification.loader.exec_module(module)
    return module


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"{(\w*)}", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_and_none_is_stale(updater: ModuleType, language: str) -> None:
    translations = updater.existing(language)
    messages = set(updater.messages())
    assert sorted(message for message in messages if not translations.get(message)) == []
    assert sorted(set(translations) - messages) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_are_the_same(updater: ModuleType, language: str) -> None:
    wrong = {
        message: text
        for message, text in updater.existing(language).items()
        if placeholders(message) != placeholders(text)
    }
    assert wrong == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_file_is_as_the_script_writes_it(updater: ModuleType, language: str) -> None:
    path = updater.SOURCE / "locale" / f"{language}.po"
    assert path.read_text(encoding="utf-8") == updater.text_of(language, updater.existing(language))


def test_messages_in_code_templates_and_data_are_found(updater: ModuleType) -> None:
    messages = set(updater.messages())
    assert {"The five pathways at a glance", "Heat deaths", "Electric buses", "not checkable"} <= messages
    assert {text for way in ways_to_find_out().values() for text in (way.how, way.who)} <= messages


def test_the_language_in_use_speaks() -> None:
    try:
        said = []
        for language in ("es", "en", "pt"):
            use_language(language)
            said.append((_("Heat deaths"), number(1234567.0)))
        assert said == [
            ("Muertes por calor", "1.230.000"),
            ("Heat deaths", "1,230,000"),
            ("Mortes por calor", "1.230.000"),
        ]
    finally:
        use_language("en")


def test_small_numbers_are_written_out() -> None:
    """A change of a thousandth of a percent is read by people who know no powers of ten."""
    assert [number(value) for value in (1.8e-5, -0.000104, 2.34e-6, 4e-7)] == [
        "0.000018",
        "-0.000104",
        "0.00000234",
        "4e-7",
    ]

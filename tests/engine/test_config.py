"""Where settings come from, which source wins, and what is said about the ones that make no sense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.config import BadSetting, Settings, describe_settings, load_settings
from engine.host_patterns import ALL_HOSTS
from pico_lang.meter import Budget


def home_with(tmp_path: Path, text: str) -> dict[str, str]:
    """An environment that names a home with this settings file."""
    (tmp_path / "picomesh.toml").write_text(text)
    return {"PICOMESH_HOME": str(tmp_path)}


def test_nothing_needs_to_be_set() -> None:
    """Without file, environment or flags there is an engine on loopback, port 3000."""
    settings = load_settings(environment={})
    assert (settings.host, settings.port, settings.body_limit) == ("127.0.0.1", 3000, 1048576)
    assert settings.home == Path.home() / ".picomesh"
    assert settings.budget == replace(Budget(), string_length=1_000_000)


def test_later_sources_win(tmp_path: Path) -> None:
    """The file beats the default, the environment beats the file, a flag beats both."""
    environment = home_with(tmp_path, "port = 1\njson_depth = 2\nbody_limit = 3\n")
    environment |= {"PICOMESH_JSON_DEPTH": "20", "PICOMESH_BODY_LIMIT": "30"}
    settings = load_settings({"body_limit": 300}, environment)
    assert (settings.port, settings.json_depth, settings.body_limit) == (1, 20, 300)


def test_a_flag_that_was_not_given_wins_nothing(tmp_path: Path) -> None:
    """None stands for a flag that is absent."""
    assert load_settings({"port": None, "home": tmp_path}, {"PICOMESH_PORT": "81"}).port == 81


def test_the_file_is_looked_for_in_the_home_that_the_flag_names(tmp_path: Path) -> None:
    """--home decides which picomesh.toml is read, whatever the environment says."""
    home_with(tmp_path, "port = 4567\n")
    assert load_settings({"home": tmp_path}, {"PICOMESH_HOME": "/nowhere"}).port == 4567


def test_budgets_of_a_turn_are_settings(tmp_path: Path) -> None:
    """What a turn may use can be set."""
    assert load_settings({"home": tmp_path}, {"PICOMESH_TURN_STEPS": "7"}).budget.steps == 7


def test_hosts_are_a_list_in_a_file_and_a_text_in_the_environment(tmp_path: Path) -> None:
    """True opens all."""
    environment = home_with(tmp_path, "http_private = ['*.lan', '10.0.0.0/8']")
    assert str(load_settings(environment=environment).http_private) == "*.lan, 10.0.0.0/8"
    environment |= {"PICOMESH_HTTP_PRIVATE": "localhost, 127.0.0.1"}
    assert str(load_settings(environment=environment).http_private) == "localhost, 127.0.0.1"
    assert load_settings(environment=home_with(tmp_path, "http_private = true")).http_private == ALL_HOSTS


def test_yes_and_no_are_words(tmp_path: Path) -> None:
    """As TOML writes them, in the environment too."""
    environment = home_with(tmp_path, "virtual_clock = true\n")
    assert load_settings(environment=environment).virtual_clock is True
    environment["PICOMESH_VIRTUAL_CLOCK"] = "false"
    assert load_settings(environment=environment).virtual_clock is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "did you mean 'port'?"),
        ("colour = 1", "`picomesh settings` lists them all"),
        ("port = 'many'", "'port' must be a whole number, not 'many'"),
        ("port = true", "'port' must be a whole number, not True"),
        ("virtual_clock = 1", "'virtual_clock' must be true or false, not 1"),
        ("virtual_clock = 'yes'", "'virtual_clock' must be true or false, not 'yes'"),
        ("port = 1.5", "'port' must be a whole number, not 1.5"),
        ("port = -1", "'port' must be at least 0, not -1"),
        ("port = 70000", "'port' must be at most 65535, not 70000"),
        ("host = 5", "'host' must be a text, not 5"),
        ("log_format = 'xml'", "'log_format' must be one of auto, console, json"),
        ("drain_s = 'nan'", "'drain_s' must be at least 0, not nan"),
        ("home = '/x'", "cannot set 'home': it lies in it"),
        ("http_private = 5", "'http_private' must be true, false, or names, addresses or networks, not 5"),
        ("http_private = ['10.0.*']", "or networks, not ['10.0.*']"),
        ("port = ", "is not TOML"),
    ],
)
def test_nonsense_in_the_file_is_an_error_that_names_the_file(tmp_path: Path, text: str, said: str) -> None:
    """An unknown name or an impossible value is refused, with the place and what was meant."""
    with pytest.raises(BadSetting) as caught:
        load_settings(environment=home_with(tmp_path, text))
    assert said in str(caught.value)
    assert str(tmp_path / "picomesh.toml") in str(caught.value)


def test_an_unknown_variable_is_an_error_with_a_suggestion() -> None:
    """A misspelt PICOMESH_ variable does not pass unnoticed; those of others do."""
    with pytest.raises(BadSetting, match="did you mean 'PICOMESH_PORT'"):
        load_settings(environment={"PICOMESH_PROT": "1", "PORT": "2"})


def test_the_address_of_an_engine_is_no_setting_of_one(tmp_path: Path) -> None:
    """PICOMESH_URL is for the commands and does not disturb `serve`."""
    assert load_settings({"home": tmp_path}, {"PICOMESH_URL": "http://127.0.0.1:1"}).port == 3000


def test_every_setting_says_what_it_is_for() -> None:
    """Each has a line of documentation and a variable of its own."""
    described = describe_settings()
    assert all(one.about for one in described)
    assert len({one.variable for one in described}) == len(described)


AUTHOR = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"


def test_authors_are_a_list_or_a_text_with_commas(tmp_path: Path) -> None:
    """As a file and as the environment have them; nobody is the default."""
    (tmp_path / "picomesh.toml").write_text(f'ruleset_authors = ["{AUTHOR}"]')
    assert list(load_settings({"home": tmp_path}, {}).ruleset_authors) == [AUTHOR]
    both = {"PICOMESH_RULESET_AUTHORS": f"{AUTHOR}, {AUTHOR}"}
    assert list(load_settings({"home": tmp_path}, both).ruleset_authors) == [AUTHOR, AUTHOR]
    assert list(Settings().ruleset_authors) == []


@pytest.mark.parametrize("value", ["mia", AUTHOR[:-1], f"{AUTHOR},mia"])
def test_an_author_that_is_no_key_is_an_error(value: str) -> None:
    """A misspelt author would let nobody in, or the wrong one."""
    with pytest.raises(BadSetting, match="a list of keys, each like did:key:z6Mk"):
        load_settings({}, {"PICOMESH_RULESET_AUTHORS": value})

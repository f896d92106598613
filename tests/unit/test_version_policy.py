"""Which versions a policy wants, keeps, and lets answer."""

import pytest
from pydantic import TypeAdapter, ValidationError

from service.repository.version_policy import (
    VersionPolicy,
    chosen,
    in_words,
    kept,
    leading,
    sought,
    triton_form,
)
from service.settings import Settings

HERE = [1, 2, 5, 9]


@pytest.mark.parametrize(
    ("policy", "wanted", "leads", "words"),
    [
        (1, [9], 9, "the newest version"),
        (2, [5, 9], 9, "the 2 newest versions"),
        (100, HERE, 9, "the 100 newest versions"),
        ("all", HERE, 9, "all versions"),
        ((5, 1), [1, 5], 5, "of the versions those named 1, 5"),
        ((5, 7), [5], 5, "of the versions those named 5, 7"),
    ],
    ids=str,
)
def test_a_policy_wants_versions_and_the_newest_of_them_leads(policy, wanted, leads, words):
    assert chosen(policy, HERE) == wanted
    assert leading(policy, HERE) == sought(policy, HERE) == leads
    assert kept(policy, HERE) == set(wanted)
    assert in_words(policy) == words


def test_what_is_ready_goes_on_where_nothing_wanted_is():
    assert leading((7,), HERE) == 9
    assert kept((7,), HERE) == {9}
    assert sought((7,), HERE) == 7, "what is asked for is the one that is named"
    assert leading("all", []) is None and kept(2, []) == set()


@pytest.mark.parametrize(
    "policy", [0, -1, 1001, True, 2.0, "some", "2", (), (0,), (1, "2"), tuple(range(1, 300)), None], ids=repr
)
def test_what_is_no_policy_is_refused(policy):
    with pytest.raises(ValidationError):
        TypeAdapter(VersionPolicy).validate_python(policy, strict=True)


def test_tritons_form_says_the_same():
    assert triton_form(2) == {"latest": {"num_versions": 2}}
    assert triton_form("all") == {"all": {}}
    assert triton_form((3, 1)) == {"specific": {"versions": [1, 3]}}


@pytest.mark.parametrize(("text", "policy"), [("3", 3), ("all", "all")])
def test_the_setting_takes_a_number_or_all(monkeypatch, text, policy):
    monkeypatch.setenv("MODISTE_VERSIONS_LOADED", text)
    assert Settings().versions_loaded == policy


@pytest.mark.parametrize("text", ["0", "some", "1,2", "1001"])
def test_the_setting_takes_nothing_else(monkeypatch, text):
    monkeypatch.setenv("MODISTE_VERSIONS_LOADED", text)
    with pytest.raises(ValidationError):
        Settings()

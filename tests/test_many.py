"""Very many cities in blocks: what cannot be read, and what has the same id, is said as for a few."""

from __future__ import annotations

import pickle

import pytest

from caminos.city.new import new_city
from caminos.city.package import read_city
from caminos.city.places import find_place
from caminos.planning import many
from caminos.problems import CaminosError, CityError


def test_errors_of_a_city_travel_between_processes(tmp_path):
    (tmp_path / "city.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(CityError) as caught:
        read_city(tmp_path)
    arrived = pickle.loads(pickle.dumps(caught.value))
    assert str(arrived) == str(caught.value)
    assert arrived.problems == caught.value.problems


def test_two_cities_of_one_id_are_refused_wherever_they_stand(monkeypatch):
    monkeypatch.setattr(many, "AT_ONCE", 1)
    places = [find_place(text) for text in ("Utrecht, Netherlands", "Mendoza, Argentina", "Utrecht, Netherlands")]
    with pytest.raises(CaminosError, match="same id"):
        many.run_many(places, ["population"], processes=1)


def test_faulty_actions_of_one_city_leave_the_others_their_answers(tmp_path):
    whole, spoilt = (new_city(text, tmp_path / text[:3]) for text in ("Utrecht, Netherlands", "Mendoza, Argentina"))
    (spoilt / "actions").mkdir()
    (spoilt / "actions" / "actions.csv").write_text("id,number\nodd,1\n", encoding="utf-8")
    found = many.run_many([whole, spoilt], ["population"], processes=1)
    assert [part.cities for part in found.parts] == [("utrecht",)]
    assert list(found.unread) == [str(spoilt)]
    assert "columns are missing" in str(found.unread[str(spoilt)])

"""Results kept by content."""

from __future__ import annotations

import time

import numpy as np
import pytest

from caminos.spatial.cache import content_key, kept
from caminos.spatial.grid import Grid


class Work:
    """Counts how often it is done."""

    def __init__(self):
        self.times = 0

    def __call__(self):
        self.times += 1
        return {"values": np.arange(6.0).reshape(2, 3), "names": np.array(["a", "ã"]), "one": np.float32(2)}


@pytest.fixture
def layer(tmp_path):
    path = tmp_path / "layer.tif"
    path.write_bytes(b"content")
    return path


def run(folder, layer, work, version="1", **parameters):
    return kept(folder, "heat", [layer], {"size": 30, **parameters}, version, work)


def test_a_second_run_is_read(tmp_path, layer):
    work, folder = Work(), tmp_path / "cache"
    first, second = run(folder, layer, work), run(folder, layer, work)
    assert work.times == 1
    for key, value in first.items():
        np.testing.assert_array_equal(second[key], value)
        assert second[key].dtype == value.dtype
    assert [path.name.startswith("heat-") for path in folder.iterdir()] == [True]


def test_a_copy_elsewhere_is_the_same_and_a_change_is_not(tmp_path, layer):
    work, folder = Work(), tmp_path / "cache"
    run(folder, layer, work)
    copy = tmp_path / "copy.tif"
    copy.write_bytes(layer.read_bytes())
    run(folder, copy, work)
    assert work.times == 1
    for number, changed in enumerate([
        lambda: run(folder, layer, work, version="2"), lambda: run(folder, layer, work, size=31),
        lambda: run(folder, layer, work, more=None), lambda: run(folder, layer, work, weights=np.ones(3)),
        lambda: run(folder, layer, work, weights=np.ones(3, "f4")), lambda: run(folder, layer, work, weights=[1, 1, 1]),
        lambda: (layer.write_bytes(b"Content"), run(folder, layer, work)),
    ], start=2):  # fmt: skip
        changed()
        assert work.times == number
        changed()
        assert work.times == number


def test_without_a_folder_nothing_is_kept(layer):
    work = Work()
    run(None, layer, work)
    run(None, layer, work)
    assert work.times == 2


@pytest.mark.parametrize("damage", [
    lambda content: b"", lambda content: content[: len(content) // 2], lambda content: b"x" * 50,
    lambda content: content[:70] + bytes([content[70] ^ 255]) + content[71:],
    lambda content: content[:200] + bytes([content[200] ^ 255]) + content[201:],
])  # fmt: skip
def test_a_broken_entry_is_computed_again(tmp_path, layer, damage):
    work, folder = Work(), tmp_path / "cache"
    expected = run(folder, layer, work)
    (entry,) = folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    found = run(folder, layer, work)
    np.testing.assert_array_equal(found["values"], expected["values"])
    run(folder, layer, work)
    assert work.times in (1, 2)  # a byte that carries nothing may be damaged without harm
    np.testing.assert_array_equal(run(folder, layer, work)["values"], expected["values"])


def test_a_failure_leaves_nothing_behind(tmp_path, layer):
    folder = tmp_path / "cache"

    def fails():
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        run(folder, layer, fails)
    with pytest.raises(ValueError, match="objects"):
        run(folder, layer, lambda: {"a": np.array([None, "b"], dtype=object)})
    assert not folder.exists() or not list(folder.iterdir())


def test_keys_tell_likes_apart(layer):
    grid = Grid(DEGREES := "EPSG:4326", 0.0, 0.0, 10.0, (2, 3))
    import shapely

    alike = [
        1, "1", True, 1.5, None, [1], {"1": 1}, np.array([1]), np.array([[1]]), np.array([1.0]), grid,
        Grid(DEGREES, 0.0, 0.0, 10.0, (3, 2)), shapely.box(0, 0, 1, 1), [shapely.box(0, 0, 1, 2)],
    ]  # fmt: skip
    keys = {content_key([], {"a": value}, "1") for value in alike}
    assert len(keys) == len(alike)
    assert content_key([], {"a": 1, "b": 2}, "1") == content_key([], {"b": 2, "a": 1}, "1")
    assert content_key([layer], {}, "1") != content_key([layer, layer], {}, "1")
    for wrong in (object(), layer):
        with pytest.raises(TypeError, match="parameters"):
            content_key([], {"a": wrong}, "1")


def test_a_second_run_is_instant(tmp_path, layer):
    def slow():
        time.sleep(0.3)
        return {"values": np.zeros((500, 500))}

    run(tmp_path, layer, slow)
    begin = time.perf_counter()
    run(tmp_path, layer, slow)
    assert time.perf_counter() - begin < 0.2

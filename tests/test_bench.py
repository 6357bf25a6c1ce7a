"""The benchmarks say which cases they leave out for want of data, and go on with the rest."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import bench
from benchmarks.common import needed


def test_a_case_without_its_data_is_left_out_and_the_rest_is_measured(tmp_path, monkeypatch, capsys):
    absent = tmp_path / "streets.pbf"
    monkeypatch.setattr(
        bench,
        "CASES",
        {"here": (lambda: {"median_s": 0.5}, None, 1.0), "absent": (lambda: needed(absent), None, None)},
    )
    # as the real one, without a process for each case
    monkeypatch.setattr(
        bench.subprocess, "run", lambda command, **_: SimpleNamespace(stdout=json.dumps(bench.measure(command[-1])))
    )
    out = tmp_path / "bench.json"
    monkeypatch.setattr(sys, "argv", ["bench.py", "--out", str(out)])
    bench.main()
    printed = capsys.readouterr().out
    assert f"left out: needs {absent}, which is not here" in printed
    assert "1 of 2 cases were left out" in printed
    written = json.loads(out.read_text(encoding="utf-8"))
    assert list(written["cases"]) == ["here"]
    assert written["cases"]["here"]["peer_ratio"] == 2
    assert list(written["left_out"]) == ["absent"]

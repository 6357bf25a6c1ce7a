"""Benchmarks of the model of Porto Alegre and of the ground (scripts/benchmarks/*): medians, as JSON. Not a test.

Each case runs in a process of its own, so that peak memory is that of the case alone.
Figures of peers stand beside ours as ratios; they were measured on a machine with two cores
(Kausal Paths, InVEST, CLIMADA: none of them installs from wheels) or published, and are not of this run.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import benchmarks
import numpy as np
from benchmarks.common import LeftOut, timed

KAUSAL_ONE, KAUSAL_ACTIONS = 0.615, 12.1  # s: one model of 159 nodes after a change; 69 actions the first time


def model():  # type: ignore[no-untyped-def]
    from caminos.city.bundled import city_folder
    from caminos.city.package import read_city
    from caminos.planning.city_model import CityModel

    return CityModel(read_city(city_folder("porto-alegre")))


def headline_names() -> list[str]:
    from caminos.pathways.tables import headlines

    return [headline.indicator for headline in headlines()]


def one_case() -> dict[str, float]:
    """Every headline of one case at city level, without draws."""
    made, names = model(), headline_names()
    return timed(lambda: made.run(names)) | {"nodes": len(made.graph.needed(tuple(names)))}


def whole_graph() -> dict[str, float]:
    """Every indicator of the model, zones and groups included."""
    from caminos.model.indicator import Indicator

    made = model()
    names = [name for name, node in made.graph.nodes.items() if isinstance(node, Indicator) and node.pathway]
    return timed(lambda: made.run(names)) | {"indicators": len(names)}


def actions_alone() -> dict[str, float]:
    """Each action alone, all in one pass, without draws."""
    from caminos.planning.assessment import single_cases

    made, names = model(), headline_names()
    cases = single_cases(made, 2026)
    return timed(lambda: made.run(names, cases)) | {"cases": len(cases)}


def actions_with_draws() -> dict[str, float]:
    """Each action alone with 1,000 city-level draws, and the memory traffic that the arrays imply."""
    from caminos.planning.assessment import single_cases

    made, names = model(), headline_names()
    cases = single_cases(made, 2026)
    found = timed(lambda: made.run(names, cases, draws=1000), runs=3)
    moved = bytes_moved(made, names, cases)
    bandwidth = machine_bandwidth()
    return found | {
        "cases": len(cases), "draws": 1000, "bytes_read_and_written": moved,
        "bytes_per_s": moved / found["median_s"], "machine_bytes_per_s": bandwidth,
        "share_of_bandwidth": moved / found["median_s"] / bandwidth,
    }  # fmt: skip


def bytes_moved(made, names: list[str], cases: list) -> float:  # type: ignore[no-untyped-def, type-arg]
    """Bytes of all arguments and results of the functions, once each: the least that has to be moved."""
    from caminos.model.graph import arguments
    from caminos.model.runs import DRAWS_AT_ONCE

    evaluation = made.stack.ask(cases, draws=DRAWS_AT_ONCE).evaluation()
    evaluation.compute(names, keep=True)
    sizes = {name: getattr(evaluation._values[name], "nbytes", 0) for name in evaluation._values}
    needed = made.graph.needed(tuple(names))
    one = sum(sizes[name] + sum(sizes[a] for a in arguments(made.graph.nodes[name])) for name in needed)
    return one * 1000 / DRAWS_AT_ONCE


def machine_bandwidth() -> float:
    """Bytes a second that a plain sum of two large arrays reads and writes on one core."""
    left, right = np.ones(20_000_000), np.ones(20_000_000)
    out = np.empty_like(left)
    seconds = timed(lambda: np.add(left, right, out=out))["median_s"]
    return 3 * left.nbytes / seconds


def one_lever() -> dict[str, float]:
    """Headlines again after one lever moved by hand."""
    made, names = model(), headline_names()
    evaluation = made.evaluation()
    evaluation.compute(names, keep=True)
    canopy = evaluation.get("canopy_added")
    steps = iter(range(10**9))

    def move() -> None:
        evaluation.set("canopy_added", canopy + 0.0001 * next(steps))
        evaluation.compute(names, keep=True)

    return timed(move, runs=31)


def plan_40() -> dict[str, float]:
    """The plan of all actions under the demo budget, without the sensitivity runs."""
    from caminos.command.cli import DEMO_BUDGET
    from caminos.planning.portfolio import plan

    made = model()
    return timed(lambda: plan(made, DEMO_BUDGET, 2026, sensitivity=False), runs=3) | {"actions": len(made.available)}


def plan_with_sensitivity() -> dict[str, float]:
    """The same plan, made again at both ends of every weak input."""
    from caminos.command.cli import DEMO_BUDGET
    from caminos.planning.portfolio import plan

    made = model()
    begin = time.perf_counter()
    plan(made, DEMO_BUDGET, 2026)
    return {"median_s": time.perf_counter() - begin}


def entry_ranking() -> dict[str, float]:
    """The ranking of all actions under three lenses, with 1,000 draws of inputs, costs, times and weights."""
    from caminos.planning.entry import entry

    made = model()
    return timed(lambda: entry(made, 2026), runs=3)


def open_city() -> dict[str, float]:
    """Read the city and make its model."""
    from caminos.city.bundled import city_folder
    from caminos.city.package import read_city
    from caminos.planning.city_model import CityModel

    return timed(lambda: CityModel(read_city(city_folder("porto-alegre"))), runs=5)


def city_model() -> dict[str, float]:
    """The model of a city that is read already."""
    from caminos.city.bundled import city_folder
    from caminos.city.package import read_city
    from caminos.planning.city_model import CityModel

    city = read_city(city_folder("porto-alegre"))
    return timed(lambda: CityModel(city), runs=9)


def get_from_shell() -> dict[str, float]:
    """`caminos get` of one number without draws as a whole process, less one that imports NumPy and SciPy alone."""
    get = "import sys; sys.argv = ['caminos', 'get', 'porto-alegre', 'heat_deaths', '--draws', '0']"
    imports = "import numpy, scipy.special, scipy.stats, scipy.optimize"
    commands = (
        [sys.executable, "-c", f"{get}; from caminos.command.cli import main; main()"],
        [sys.executable, "-c", imports],
    )
    whole, alone = (timed(lambda c=c: subprocess.run(c, check=True, capture_output=True)) for c in commands)  # type: ignore[misc]
    return {
        "median_s": whole["median_s"] - alone["median_s"],
        "whole_s": whole["median_s"],
        "imports_s": alone["median_s"],
    }


def start_of_help() -> dict[str, float]:
    """`caminos --help` as a whole process."""
    command = [
        sys.executable,
        "-c",
        "import sys; sys.argv = ['caminos', '--help']; from caminos.command.cli import main; main()",
    ]
    return timed(lambda: subprocess.run(command, check=True, capture_output=True))


CASES: dict[str, tuple[Callable[[], dict[str, float]], float | None, float | None]] = {
    # name: (function, aim in seconds, peer's seconds)
    "one_case": (one_case, 0.010, KAUSAL_ONE),
    "whole_graph": (whole_graph, None, None),
    "actions_alone": (actions_alone, 0.100, KAUSAL_ACTIONS),
    "actions_alone_1000_draws": (actions_with_draws, None, None),
    "one_lever_moved": (one_lever, 0.005, KAUSAL_ONE),
    "plan": (plan_40, 5.0, None),
    "plan_with_sensitivity": (plan_with_sensitivity, None, None),
    "entry_ranking": (entry_ranking, 5.0, None),
    "open_city": (open_city, None, None),
    "city_model": (city_model, None, None),
    "get_from_shell": (get_from_shell, 1.0, None),
    "help": (start_of_help, 0.5, None),
}


for found in pkgutil.iter_modules(benchmarks.__path__):
    if found.name != "common":
        CASES |= importlib.import_module(f"benchmarks.{found.name}").CASES


def measure(name: str) -> dict[str, float | str | None]:
    """One case in this process, with its peak memory; why it was left out if its data are not here."""
    function, aim, peer = CASES[name]
    try:
        found: dict[str, float | str | None] = dict(function())
    except LeftOut as reason:
        return {"left_out": str(reason)}
    found["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["aim_s"] = aim
    found["peer_s"] = peer
    seconds = float(found["median_s"] or 0)
    found["peer_ratio"] = peer / seconds if peer and seconds else None
    return found


RATIOS = {"entry_ranking": 10.0}  # aims; else 1: nothing slower. The ranking asks another question: 1,000 draws of all
MEASURED = 1.25  # within this factor two measurements on a shared machine cannot be told apart


def compared(
    name: str, found: dict[str, float | str | None], before: dict[str, dict[str, float]]
) -> dict[str, float | str | None]:
    """The time before the change, the ratio of now to before, its aim, and whether it misses it."""
    if name not in before:
        return {}
    was, now, aim = before[name]["median_s"], float(found["median_s"] or 0), RATIOS.get(name, 1.0)
    missed = now / was > aim * (MEASURED if aim == 1 else 1)
    return {"before_s": was, "ratio": now / was, "ratio_aim": aim, "misses": str(missed).lower()}


def main() -> None:
    """Run every case in its own process, print a table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--case", choices=CASES)
    parser.add_argument(
        "--before", type=Path, help="a bench.json of the code before, measured on this machine: adds ratios"
    )
    parser.add_argument("--only", default="", help="cases whose name holds this; the others keep their figures")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(options.case)))
        return
    results = (
        json.loads(options.out.read_text(encoding="utf-8"))["cases"] if options.only and options.out.exists() else {}
    )
    before = json.loads(options.before.read_text(encoding="utf-8"))["cases"] if options.before else {}
    left_out = {}
    print(f"{'case':34}{'median':>12}{'aim':>10}{'peer / ours':>14}{'peak MB':>10}")
    for name in (name for name in CASES if options.only in name):
        done = subprocess.run([sys.executable, __file__, "--case", name], check=True, capture_output=True, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        if "left_out" in found:
            left_out[name] = found["left_out"]
            print(f"{name:38} left out: {found['left_out']}", flush=True)
            continue
        results[name] = found | compared(name, found, before)
        aim = f"{found['aim_s'] * 1000:.0f} ms" if found["aim_s"] else ""
        ratio = f"{found['peer_ratio']:.0f} x" if found["peer_ratio"] else ""
        print(
            f"{name:34}{found['median_s'] * 1000:>9.1f} ms{aim:>10}{ratio:>14}{found['peak_memory_mb']:>10.0f}",
            flush=True,
        )
        if "says" in found:
            print(f"    {found['says']}", flush=True)
    machine = {"python": platform.python_version(), "numpy": np.__version__, "processor": platform.machine()}
    written = {"machine": machine, "cases": results} | ({"left_out": left_out} if left_out else {})
    options.out.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    if left_out:
        print(f"{len(left_out)} of {len(CASES)} cases were left out for want of their data; all others were measured.")


if __name__ == "__main__":
    main()

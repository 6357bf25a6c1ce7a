"""Write the model reference: every indicator with equation, unit, source, arguments and connections."""

from __future__ import annotations

import argparse
from pathlib import Path

from caminos.actions import library
from caminos.model.indicator import PATHWAYS, Indicator
from caminos.pathways.tables import connections, headlines, pairs_without_evidence
from caminos.planning.explanation import declared, equation
from caminos.planning.graph import assemble, defaults

TITLES = {"low_emission": "Low emission", "nature": "Nature-based", "circular": "Circular", "resilient": "Resilient",
          "equitable": "Equitable and people-centred", "": "Drivers"}  # fmt: skip


def reference() -> str:
    """The whole page, in Markdown."""
    graph = assemble(library.library(), check=False)
    headline = {item.indicator: item for item in headlines()}
    lines = [
        "# Model reference",
        "",
        "Made from the model itself by `make docs`; do not edit. One section a pathway; an indicator is one pure",
        "function, and the names in its equation are the nodes it depends on.",
        "",
    ]
    for pathway in ("", *PATHWAYS):
        lines += [f"## {TITLES[pathway]}", ""]
        for node in graph.nodes.values():
            if not isinstance(node, Indicator) or node.role not in ("indicator", "driver"):
                continue
            if (node.pathway or "") == pathway:
                lines += _entry(node, headline)
    lines += ["## Levers", "", "| lever | pathway | unit | baseline and what moves it |", "|-|-|-|-|"]
    for lever in library.levers():
        moved = [a.name for a in library.library() if any(e.lever == lever.name for e in a.effects)]
        text = f"{lever.meaning}; from `{lever.baseline}`" + (f"; moved by {', '.join(moved)}" if moved else "")
        lines.append(f"| `{lever.name}` | {lever.pathway} | {lever.unit} | {text} |")
    lines += [
        "",
        "## Defaults",
        "",
        "What stands in for a fact that a city lacks.",
        "",
        "| name | expression | why |",
        "|-|-|-|",
    ]
    lines += [f"| `{row['name']}` | `{row['expression']}` | {row['meaning']} |" for row in defaults()]
    lines += [
        "",
        "## Connections",
        "",
        "| connection | link | from | to | parameter | form | confidence | source |",
        "|-|-|-|-|-|-|-|-|",
    ]
    lines += [
        f"| {c.id} | {c.link} | `{c.source_node}` | `{c.target_node}` | `{c.parameter}` | {c.form} | {c.confidence} | {c.source} |"
        for c in connections()
    ]
    lines += ["", "## Pairs of pathways without sourced evidence", "", "| from | to | reason |", "|-|-|-|"]
    lines += [f"| {a} | {b} | {reason} |" for (a, b), reason in pairs_without_evidence().items()]
    lines += [
        "",
        "## Actions",
        "",
        "| no. | action | entry pathway | size | needs | excludes | serves |",
        "|-|-|-|-|-|-|-|",
    ]
    lines += [
        f"| {a.number} | {a.name} | {a.pathway} | `{a.potential}` {a.size_unit} | {', '.join(a.needs)} | {', '.join(a.excludes)} | {', '.join(a.serves)} |"
        for a in library.library()
    ]
    return "\n".join(lines) + "\n"


def _entry(node: Indicator, headline: dict) -> list[str]:  # type: ignore[type-arg]
    meaning = " ".join(node.meaning.split())
    lines = [f"### `{node.name}`", "", meaning, ""]
    if node.name in headline:
        item = headline[node.name]
        kind = "of the base year" if item.target_kind == "of base" else node.unit
        lines += [
            f"Headline: {item.direction} is better; target {item.target:g} {kind} by {item.target_year} ({item.source}; quality {item.quality}).",
            "",
        ]
    kinds = f"; by {node.classification}" if node.classification else ""
    lines += [
        f"Unit: {node.unit}. Varies by: {', '.join(node.dims) or 'nothing'}{kinds}. Source: {node.source}.",
        "",
        "```python",
    ]
    lines += [*equation(node).splitlines(), "```", ""]
    links = [(argument, declared(argument, node.name)) for argument in node.arguments]
    found = [f"`{argument}` ({link.id}, confidence {link.confidence})" for argument, link in links if link]
    if found:
        lines += [f"Connections: {', '.join(found)}.", ""]
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/model-reference.md"))
    options = parser.parse_args()
    options.out.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()

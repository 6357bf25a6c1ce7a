"""Arithmetic written in tables: names of nodes, pure numbers, + - * / and brackets."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from caminos.problems import CaminosError

_OPERATIONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
LONGEST = 500  # characters of an expression


class ExpressionError(CaminosError):
    """An expression that cannot be read."""


@cache
def parse(text: str) -> ast.expr:
    """The syntax tree of an expression; raises ExpressionError at anything but plain arithmetic."""
    if len(text) > LONGEST:
        raise ExpressionError(f"{text[:LONGEST]!r}… is longer than {LONGEST} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"{text!r} is not arithmetic: {getattr(error, 'msg', error)}") from None
    for node in ast.walk(tree):
        allowed = isinstance(node, ast.BinOp | ast.UnaryOp | ast.Name | ast.Load | ast.USub) or (
            isinstance(node, ast.Constant) and isinstance(node.value, int | float)
        )
        if not allowed and type(node) not in _OPERATIONS:
            raise ExpressionError(f"{text!r}: only names, numbers, + - * / and brackets are allowed")
    return tree


@cache
def names(text: str) -> tuple[str, ...]:
    """The names an expression uses, each once, in order."""
    return tuple(dict.fromkeys(node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)))


def evaluate(text: str, values: Mapping[str, Any]) -> Any:
    """The value of an expression for the given values of its names (arrays or quantities)."""
    return _evaluate(parse(text), values)


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values))
    if isinstance(node, ast.UnaryOp):
        return -_evaluate(node.operand, values)
    if isinstance(node, ast.Name):
        return values[node.id]
    assert isinstance(node, ast.Constant)
    return node.value

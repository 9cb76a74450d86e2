"""No function takes more than eight arguments, or hides some in ``*arguments``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 8
# Variadic by nature: names of one kind, and a call that is passed on unchanged.
VARIADIC = {"str", "P.args"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    """Return every function of the project, with its place."""
    for folder in ("flows", "tasks", "quantgod", "benchmarks"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, Function):
                    yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node


FUNCTIONS = dict(functions())


def test_no_function_takes_more_than_eight_arguments() -> None:
    """Kernels included: arguments that belong together go in as one NamedTuple."""
    counted = {
        place: len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
        for place, node in FUNCTIONS.items()
    }
    assert len(counted) > 500
    assert not {place: count for place, count in counted.items() if count > MOST}


@pytest.mark.parametrize("place", [p for p, node in FUNCTIONS.items() if node.args.vararg])
def test_arguments_are_not_hidden(place: str) -> None:
    """``*arguments: Any`` would allow any number."""
    vararg = FUNCTIONS[place].args.vararg
    assert vararg is not None
    assert vararg.annotation is not None
    assert ast.unparse(vararg.annotation) in VARIADIC

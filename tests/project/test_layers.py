"""The shape of the tree, where the contracts in pyproject.toml do not cover it."""

from __future__ import annotations

import grimp
import pytest

from quantgod.settings.values import PROJECT_ROOT

LONGEST_LIST = 9  # modules of `flows`, so that a reader takes them in at a glance


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    """Return every import of the product, including those inside functions."""
    return grimp.build_graph("flows", "tasks", "quantgod", cache_dir=None)


def circles(imports: grimp.ImportGraph) -> list[tuple[str, ...]]:
    """Return chains of imports that end where they began."""
    return [
        (module, *chain)
        for module in sorted(imports.modules)
        for imported in sorted(imports.find_modules_directly_imported_by(module))
        if (chain := imports.find_shortest_chain(importer=imported, imported=module))
    ]


def test_no_module_imports_itself_by_way_of_others(imports: grimp.ImportGraph) -> None:
    assert circles(imports) == []


def test_circles_are_found() -> None:
    """Of two modules, and of three."""
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "b")):
        graph.add_import(importer=importer, imported=imported)
    assert ("a", "b", "a") in circles(graph)
    assert ("b", "c", "d", "b") in circles(graph)


def test_flows_is_a_short_list() -> None:
    """The flow and its phases; machinery and reports have folders of their own."""
    modules = [path.name for path in (PROJECT_ROOT / "flows").glob("*.py")]
    assert len(modules) <= LONGEST_LIST, sorted(modules)

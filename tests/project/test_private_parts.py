"""Private parts of other libraries: one module per library uses them, and they still exist."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from platform import python_version
from typing import Any

import pytest

from flows.runtime.pool_internals import processes_of, writer_lock_of
from flows.runtime.prefect_internals import executor_of, message_queue_of
from quantgod.settings.values import PROJECT_ROOT
from tests.support.prefect_setup import configure

configure()  # before a test imports Prefect

PREFECT = "flows/runtime/prefect_internals.py"
POOL = "flows/runtime/pool_internals.py"
NUMBA = "quantgod/orderbook/arrays/kernel.py"
ISAL = "quantgod/storage/archives/isal_internals.py"
LIBRARIES = {PREFECT: "prefect", NUMBA: "numba", ISAL: "isal"}

# Named with an underscore, yet documented.
DOCUMENTED = {"_exit", "_replace", "_asdict", "_fields", "_make", "_field_defaults"}


def attribute(module: str, path: str) -> Any:
    """Return an attribute of a module, or of a class in it; None if it does not exist."""
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found


def takes(function: Any, *names: str) -> bool:
    """Return whether a function exists and has these parameters."""
    return function is not None and {*names} <= {*inspect.signature(function).parameters}


def started_runner(probe: Callable[[Any], Any]) -> Any:
    """Return a probe's result in a task runner that has started."""
    from prefect.task_runners import ProcessPoolTaskRunner

    with ProcessPoolTaskRunner(max_workers=1) as runner:
        return probe(runner)


def processes_are_known() -> bool:
    """Return whether a working pool lists its processes, with their exit codes."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        executor.submit(abs, -1).result()
        return [process.exitcode for process in processes_of(executor)] == [None]


def senders_drain() -> bool:
    """Return whether both of Prefect's sending threads can be waited for."""
    workers = (
        ("prefect.events.worker", "EventsWorker"),
        ("prefect.logging.handlers", "APILogWorker"),
    )
    return all(takes(attribute(module, f"{name}.drain_all"), "timeout") for module, name in workers)


def parents_are_inputs() -> bool:
    """Return whether Prefect keeps the surrounding task runs among a task run's inputs."""
    fields = attribute("prefect.client.schemas.objects", "TaskRun.model_fields")
    return "__parents__" in (fields["task_inputs"].description or "")


@dataclass(frozen=True)
class PrivatePart:
    """A name that a library does not promise to keep."""

    name: str  # of the part, or of the module that holds it
    home: str  # the one module that reaches it
    is_there: Callable[[], Any]
    loss: str  # the effect of its absence

    def __str__(self) -> str:
        return self.name


PARTS = [
    PrivatePart(
        "_executor", PREFECT,
        lambda: isinstance(started_runner(executor_of), ProcessPoolExecutor),
        "a killed worker process cannot be told from the others, so every archive under way fails",
    ),
    PrivatePart(
        "_subprocess_message_queue", PREFECT,
        lambda: writer_lock_of(started_runner(message_queue_of)),
        "Ctrl-C, or a killed worker process, may leave the run waiting for ever",
    ),
    PrivatePart(
        "drain_all", PREFECT, senders_drain,
        "the last states and log lines of a run are lost, and it takes a minute to end",
    ),
    PrivatePart(
        "refresh_global_settings_context", PREFECT,
        lambda: attribute("prefect.context", "refresh_global_settings_context"),
        "Prefect's threads do not learn the address of the temporary server",
    ),
    PrivatePart(
        "create_app", PREFECT,
        lambda: takes(attribute("prefect.server.api.server", "create_app"), "ephemeral", "final"),
        "the temporary server does not start",
    ),
    PrivatePart(
        "__parents__", PREFECT, parents_are_inputs,
        "stages inside an archive whose process was killed are shown as Running for ever",
    ),
    PrivatePart(
        "_processes", POOL, processes_are_known,
        "a killed worker process cannot be told from the others, so every archive under way fails",
    ),
    PrivatePart(
        "_wlock", POOL,
        lambda: takes(writer_lock_of(get_context("spawn").Queue()).acquire),
        "Ctrl-C, or a killed worker process, may leave the run waiting for ever",
    ),
    PrivatePart(
        "CACHE_DIR", NUMBA,
        lambda: isinstance(attribute("numba.core.config", "CACHE_DIR"), str),
        "an updated project may run machine code of its older sources",
    ),
    PrivatePart(
        "DISABLE_JIT", NUMBA,
        lambda: attribute("numba.core.config", "DISABLE_JIT") in (0, 1),
        "kernels that are not compiled, for a debugger or coverage, fail",
    ),
    PrivatePart(
        "_nrt", NUMBA,
        lambda: attribute("numba.core.options", "DefaultOptions._nrt"),
        "kernels count references, which takes longer than their work, or do not compile",
    ),
    PrivatePart(
        "numba.cpython.unsafe", NUMBA,
        lambda: attribute("numba.cpython.unsafe.numbers", "trailing_zeros"),
        "numbers cannot be parsed eight bytes at a time",
    ),
    PrivatePart(
        "_GzipReader", ISAL,
        lambda: attribute("isal.isal_zlib", "_GzipReader.readinto"),
        "archives cannot be inflated into buffers that are used again",
    ),
]  # fmt: skip


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_the_library_still_has_it(part: PrivatePart) -> None:
    """An upgrade that removes it fails here, with a sentence."""
    library = LIBRARIES.get(part.home)
    where = f"{library} {version(library)}" if library else f"Python {python_version()}"
    assert part.is_there(), (
        f"{where} no longer has {part.name}, or has changed it: {part.loss}. "
        f"Adapt {part.home}, or hold the upgrade back in requirements.in."
    )


def sources() -> Iterator[tuple[str, str]]:
    """Return path and text of every source file of the product and its benchmarks."""
    for folder in ("flows", "tasks", "quantgod", "benchmarks"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py")):
            yield path.relative_to(PROJECT_ROOT).as_posix(), path.read_text()


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_one_module_names_it(part: PrivatePart) -> None:
    word = re.compile(rf"(?<!\w){re.escape(part.name)}(?!\w)")
    naming = {path for path, text in sources() if word.search(text)}
    assert naming == {part.home}


def private_names(text: str) -> set[str]:
    """Return underscore names that a source takes from an object other than itself."""
    names, own = set(), set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                own.add(name)
            case ast.Attribute(attr=name):
                names.add(name)
            case ast.ImportFrom(module=module, names=imported):
                names |= {each.name for each in imported} | {*(module or "").split(".")}
            case ast.Import(names=imported):
                names |= {word for each in imported for word in each.name.split(".")}
            case ast.Call(func=ast.Name(id="getattr" | "setattr" | "hasattr")) if isinstance(
                node.args[1], ast.Constant
            ):
                names.add(str(node.args[1].value))
    return {name for name in names - own if re.match("_[a-zA-Z]", name)}


def test_every_private_part_is_listed_here() -> None:
    """A new use goes into a module above, with its reason, and into this list."""
    listed = {part.name for part in PARTS}
    unlisted = {
        path: names
        for path, text in sources()
        if (names := private_names(text) - listed - DOCUMENTED)
    }
    assert unlisted == {}


def test_private_names_are_found() -> None:
    text = (
        "import a._b\nfrom c import _d\nfrom _e import f\ng._h()\ngetattr(i, '_j')\nself._k = l._k"
    )
    assert private_names(text) == {"_b", "_d", "_e", "_h", "_j"}


def test_each_home_gives_its_reasons() -> None:
    """Every function that uses a private part has a docstring."""
    for home in (PREFECT, POOL, ISAL):
        tree = ast.parse((PROJECT_ROOT / Path(home)).read_text())
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert functions
        assert all(ast.get_docstring(function) for function in functions)

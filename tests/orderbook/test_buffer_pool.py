"""The pool never hands out memory that another array still uses."""

from __future__ import annotations

import gc
import mmap
import sys
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.orderbook.arrays import buffer_pool
from quantgod.orderbook.arrays.buffer_pool import empty_pooled
from tests.support.effort import examples

SIZE = buffer_pool._SMALLEST // 8  # of float64: the least that comes from a block


@pytest.fixture(autouse=True)
def _no_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer_pool, "_blocks", [])


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 0, 5), (SIZE,), (4, SIZE // 2, 3)])
@pytest.mark.parametrize("kind", [np.float64, np.int32, np.bool_])
def test_an_array_as_any_other(shape: tuple[int, ...], kind: type) -> None:
    array = empty_pooled(shape, kind)
    assert (array.shape, array.dtype) == (shape, np.dtype(kind))
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned
    array[...] = 1
    assert (array == 1).all()


def test_memory_of_a_freed_array_serves_the_next() -> None:
    first = empty_pooled((SIZE,), np.float64)
    place = address(first)
    del first
    for shape in ((SIZE,), (SIZE // 2, 2), (SIZE + 100,)):
        assert address(empty_pooled(shape, np.float64)) == place
    assert len(buffer_pool._blocks) == 1


HOLDERS: list[Callable[[np.ndarray], object]] = [
    lambda array: array,
    lambda array: array[5:9],
    lambda array: array[5:9][1:2].reshape(1, 1).T,
    lambda array: array.view(np.int64)[::2],
    lambda array: memoryview(array)[3:4],
    pa.py_buffer,
    lambda array: pa.Array.from_buffers(pa.float64(), 3, [None, pa.py_buffer(array[:3])]),
    iter,
    lambda array: np.broadcast_to(array[:1], (7,)),
]


@pytest.mark.parametrize("hold", HOLDERS)
def test_memory_is_not_free_while_any_view_of_it_lives(
    hold: Callable[[np.ndarray], object],
) -> None:
    array = empty_pooled((SIZE,), np.float64)
    array[:] = 7.0
    held, place = hold(array), address(array)
    del array
    gc.collect()
    other = empty_pooled((SIZE,), np.float64)
    other[:] = 8.0
    assert address(other) != place
    del held
    assert address(empty_pooled((SIZE,), np.float64)) == place


def test_a_kernel_may_know_no_huge_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Huge pages are advice: without them the pool is slower, and nothing else changes."""
    monkeypatch.setattr(mmap, "MADV_HUGEPAGE", 2**30)
    with pytest.raises(OSError, match="Invalid argument"):
        mmap.mmap(-1, 4096).madvise(mmap.MADV_HUGEPAGE)
    array = empty_pooled((SIZE,), np.float64)
    array[:] = 1.0
    assert array.sum() == SIZE


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_memory_is_new(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert empty_pooled((SIZE,), np.float64).shape == (SIZE,)
    assert buffer_pool._blocks == []


def test_a_block_that_is_too_small_is_given_up() -> None:
    """Otherwise growing windows would leave a trail of unused blocks."""
    kept = empty_pooled((SIZE,), np.float64)
    for factor in (2, 4, 8):
        empty_pooled((factor * SIZE,), np.float64)
    assert len(buffer_pool._blocks) == 2
    assert kept.nbytes <= min(map(len, buffer_pool._blocks))


@examples(60)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(SIZE, 3 * SIZE)), max_size=25))
def test_arrays_that_live_at_once_share_nothing(steps: list[tuple[int, int]]) -> None:
    """Arrays come and go in any order; each keeps its contents."""
    living: dict[int, np.ndarray] = {}
    for place, size in steps:
        living.pop(place, None)
        living[place] = empty_pooled((size,), np.float64)
        living[place][:] = place
    for place, array in living.items():
        assert (array == place).all()


def test_blocks_without_arrays_are_freed() -> None:
    kept, gone = empty_pooled((SIZE,), np.float64), empty_pooled((SIZE,), np.float64)
    kept[:] = 7.0
    del gone
    buffer_pool.release_unused()
    assert len(buffer_pool._blocks) == 1
    assert (kept == 7.0).all()

"""Decimals read in words of eight bytes: equal to a regex and ``float``, or refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantgod.orderbook.arrays.kernel import kernel
from quantgod.orderbook.formats import decimals
from quantgod.orderbook.formats.ndjson import levels as levels

_PLAIN = re.compile(rb"([0-9]+(?:\.[0-9]+)?)\"", re.DOTALL)


@kernel
def read_as(text, pattern, patterns):
    """Read a word by a pattern: (digits as an integer, 0 if it is one)."""
    return decimals.read_digits(decimals.load_word(text, np.uint64(0)), pattern, patterns)


@kernel
def look_at(text):
    """Return a word's pattern and the length of its decimal."""
    odd = decimals.odd_bytes(decimals.load_word(text, np.uint64(0)))
    return decimals.pattern_of(odd), decimals.length_of(odd)


@kernel
def read_slowly(text, at):
    """Read a decimal byte by byte."""
    return decimals.read_decimal(text, np.uint64(at))


def twin(text: bytes) -> tuple[float, int] | None:
    """Read a decimal and its quote at the start of a text, obviously: (value, bytes read)."""
    found = _PLAIN.match(text)
    if found is None or len(found[1].replace(b".", b"")) > 15:
        return None
    return float(found[1]), found.end()


def by_word(text: bytes) -> tuple[float, int] | None:
    """Read by the pattern that a word shows, and compare its quote as the levels' reader does."""
    array = np.frombuffer(text, np.uint8)
    pattern, length = (int(found) for found in look_at(array))
    mantissa, wrong = read_as(array, np.uint64(pattern), decimals.TABLES.patterns)
    if wrong or text[length : length + 1] != b'"':
        return None
    return float(int(mantissa)) / decimals.TABLES.powers[pattern], length + 1


DIGITS = st.text("0123456789", max_size=20).map(str.encode)
ODD_BYTES = st.one_of(
    st.sampled_from(sorted(b'"./:0909,][\x00\x01\x7f\x80\x81\xae\xaf\xb0\xb9\xba\xfe\xff')),
    st.integers(0, 255),
)


@st.composite
def decimal_texts(draw: st.DrawFn) -> bytes:
    """Draw decimals of any length with dots and stray bytes anywhere, and any text after them."""
    text = bytearray(draw(DIGITS))
    if draw(st.booleans()):
        text.insert(draw(st.integers(0, len(text))), ord("."))
    text += b'"'
    for _ in range(draw(st.integers(0, 3)) * draw(st.booleans())):
        place = draw(st.integers(0, len(text)))
        text[place : place + draw(st.integers(0, 1))] = bytes([draw(ODD_BYTES)])
    return bytes(text) + draw(st.sampled_from((b'],["1', b',"0.25"', b"]]", b"", b"9", b'"', b".")))


@given(decimal_texts(), st.binary(min_size=9, max_size=9))
def test_a_word_is_read_as_a_decimal_or_refused(text: bytes, after: bytes) -> None:
    """Every result is the decimal; the venue's decimals of up to 8 bytes are always read."""
    expected = twin(text)
    found = by_word(text + after)
    assert found in (None, twin(text + after))
    if expected and expected[1] <= 9 and text[expected[1] :][:1] in (b",", b"]"):
        assert found == expected


@given(decimal_texts(), st.integers(0, 255))
def test_a_wrong_pattern_is_refused(text: bytes, pattern: int) -> None:
    """The pattern of another decimal gives nothing, or the decimal that the text holds."""
    word = text + b"\n" * 9
    mantissa, wrong = read_as(
        np.frombuffer(word, np.uint8), np.uint64(pattern), decimals.TABLES.patterns
    )
    length = int(decimals.TABLES.patterns[pattern * 8 + 4])
    is_decimal = twin(word[:length] + b'"')
    if not wrong:
        assert is_decimal == (int(mantissa) / decimals.TABLES.powers[pattern], length + 1)


def test_every_pattern_that_has_a_decimal_reads_it() -> None:
    for length in range(1, 9):
        for dot in (None, *range(1, length - 1)):
            for digits in ("12345678", "99999999", "00000000", "90817263"):
                text = digits[:length]
                if dot is not None:
                    text = text[:dot] + "." + text[dot + 1 :]
                for tail in (b'","0"', b'"],["', b'"]]\n', b'"],"a'):
                    word = text.encode() + tail + b"\n" * 9
                    assert by_word(word) == (float(text), length + 1)


@pytest.mark.parametrize("decimal", [b"6", b"65", b"0.264", b"12345678", b"1234.678", b"0.000001"])
def test_every_stray_byte_is_seen(decimal: bytes) -> None:
    """Any byte at any place, alone and before one that is not ASCII."""
    for at in range(len(decimal)):
        for byte in range(256):
            for head in (decimal[:at], b"\xff" * at, b"\x80" * at):
                text = head + bytes([byte]) + decimal[at + 1 :] + b'","' + b"0" * 8
                assert by_word(text) in (None, twin(text)), text


@given(decimal_texts())
def test_byte_by_byte(text: bytes) -> None:
    value, after = read_slowly(np.frombuffer(text + b"\n", np.uint8), 0)
    found = None if int(after) == int(decimals.FAIL) else (value, int(after))
    assert found == twin(text)


# ---------------------------------------------------------------- levels


_LEVEL = re.compile(rb'\["([^"\n]*)","([^"\n]*)"\]', re.DOTALL)


def levels_twin(text: bytes) -> tuple[list[tuple[float, float]], int] | None:
    """Read a side's levels, obviously: (levels, bytes read)."""
    if text[:2] == b"[]":
        return [], 2
    found, at = [], 0
    while text[at : at + 1] == (b"," if at else b"["):
        level = _LEVEL.match(text, at + 1)
        pair = [twin(number + b'"') for number in level.groups()] if level else [None]
        if level is None or any(
            p is None or p[1] != len(n) + 1 for p, n in zip(pair, level.groups(), strict=True)
        ):
            return None
        (price, _), (size, _) = pair
        if price == 0:
            return None
        found.append((price, size))
        at = level.end()
        if text[at : at + 1] == b"]":
            return found, at + 1
    return None


def read_side(text: bytes, poison: bytes) -> tuple[list[tuple[float, float]], int] | None:
    """Read a side's levels by the kernel, from a text that ends where its buffer does not."""
    buffer = np.frombuffer(text + poison, np.uint8)[: len(text)]
    price, size = np.full(len(text), np.nan), np.full(len(text), np.nan)
    count, after = levels.read_levels(
        buffer, np.uint64(0), price, size, np.uint64(0), decimals.TABLES
    )
    if int(after) == int(decimals.FAIL):
        return None
    count = int(count)
    return list(zip(price[:count].tolist(), size[:count].tolist(), strict=True)), int(after)


PLAIN_DECIMALS = st.one_of(
    st.from_regex(r"[0-9]{1,9}(\.[0-9]{1,6})?", fullmatch=True).map(str.encode),
    st.sampled_from((b"0", b"0.264", b"65114.40", b"112345.60", b"65004", b"0.049585", b"0.0")),
)
SIDES = st.lists(st.tuples(PLAIN_DECIMALS, PLAIN_DECIMALS), max_size=12).map(
    lambda side: b"[" + b",".join(b'["%b","%b"]' % level for level in side) + b"]"
)


@given(SIDES, st.integers(0, 40), st.integers(0, 10**6), st.integers(0, 2), st.integers(0, 255))
def test_levels_of_any_look(side: bytes, room: int, at: int, gone: int, byte: int) -> None:
    """Whole or with a byte changed, at any distance from the end of the text."""
    for text in (side, side[: at % len(side)] + bytes([byte]) + side[at % len(side) + gone :]):
        whole = text + b"\n" * (1 + room)
        expected = levels_twin(whole)
        for poison in (b"", b"0" * 99, b'"],["1","1"]]' * 9, b'9","9"],["' * 9, b"\xff" * 99):
            assert read_side(whole, poison) == expected


@given(SIDES, st.data())
def test_levels_that_the_text_tears(side: bytes, data: st.DataObject) -> None:
    """Cut anywhere before bytes that would complete them: nothing past the text is read."""
    cut = data.draw(st.integers(0, len(side) - 1))
    text = side[:cut] + b"\n"
    for poison in (side[cut:], side[cut + 1 :], b"0" * 99, b'"]]' * 9):
        assert read_side(text, poison + b"\n") is None


@pytest.mark.parametrize("price", [b"112345.60", b"123456789", b"64995.30"])
def test_every_stray_byte_of_a_price_is_seen(price: bytes) -> None:
    """After a price of the same look, by whose pattern the one with the stray byte is read."""
    for at in range(len(price)):
        for byte in range(256):
            odd = price[:at] + bytes([byte]) + price[at + 1 :]
            text = b'[["%b","1"],["%b","2"],["%b","3"]]' % (price, odd, price) + b"\n" * 40
            assert read_side(text, b"") == levels_twin(text), odd


@pytest.mark.parametrize("price", [b"112345.60", b"64995.30", b"1"])
@pytest.mark.parametrize("size", [b"0.049585", b"0", b"12345678.5"])
def test_every_distance_from_the_end(price: bytes, size: bytes) -> None:
    """Where kernels are not compiled, a byte read past the text is an ``IndexError``."""
    side = b'[["%b","%b"],["%b","%b"]]' % (price, size, price, size)
    for room in range(40):
        text = side + b"\n" * (1 + room)
        assert read_side(text, b"") == read_side(text, b"1" * 99) == levels_twin(text)

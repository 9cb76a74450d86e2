"""Days and times in milliseconds since the epoch, UTC."""

from __future__ import annotations

from datetime import date

import pytest

from quantgod.orderbook.calendar import DAY_MS, Window, clock, day_of, day_start_ms, iso
from tests.support.bybit_lines import INT64_MAX, INT64_MIN
from tests.support.stream_plans import D0, D1
from tests.support.streams import DAY


def test_a_day_starts_at_midnight_utc() -> None:
    assert (day_start_ms(DAY), day_start_ms(date(1970, 1, 1))) == (D0, 0)
    assert (day_start_ms(date(1969, 12, 31)), D1 - D0) == (-DAY_MS, DAY_MS)


@pytest.mark.parametrize(
    ("time_ms", "day"),
    [
        *((D0, DAY), (D1 - 1, DAY), (D0 - 1, date(2024, 8, 7)), (D1, date(2024, 8, 9))),
        *((0, date(1970, 1, 1)), (-1, date(1969, 12, 31))),
        *((INT64_MIN, date.min), (INT64_MAX, date.max)),
        (day_start_ms(date.min), date.min),
        (day_start_ms(date.max), date.max),
    ],
)
def test_day_of_any_time(time_ms: int, day: date) -> None:
    """For any stamp: beyond the calendar, the result is the calendar's last or first day."""
    assert day_of(time_ms) == day


def test_times_as_people_read_them() -> None:
    assert iso(D0) == "2024-08-08 00:00:00"
    assert iso(D0 + 86_057_602) == "2024-08-08 23:54:17.602"
    assert iso(D0 + 7) == "2024-08-08 00:00:00.007"
    assert (clock(D0 + 60_000), clock(D1 - 1)) == ("00:01:00", "23:59:59.999")
    assert iso(-1) == "1969-12-31 23:59:59.999"


def test_a_window_of_the_day() -> None:
    """Names in the UI give archive and window; the last window ends with the day."""
    first, last = Window(D0, D0, D0 + 43_200_001), Window(D0, D0 + 43_200_001, D1)
    assert (first.is_last, last.is_last) == (False, True)
    assert (first.day_end_ms, last.day_end_ms) == (D1, D1)
    assert (str(first), str(last)) == ("00:00:00-12:00:00.001", "12:00:00.001-24:00:00")

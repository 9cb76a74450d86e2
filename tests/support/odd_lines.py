"""Lines written from drawn bytes, mostly messages; then given other values, damaged, or both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.support.stream_parts import Roll

KEYS = ("topic", "type", "ts", "data", "cts", "s", "b", "a", "u", "seq", "x", "é", "", "U", "tts")


PLAIN_VALUES = (
    *("1", "0", "5", "-1", "12", "1.5", "1e5", "1E-2", "null", "true", "[]", "{}", '""', '"x"'),
    *('"snapshot"', '"delta"', '"u"', '"1"', '"b:[],a"', '"é"', '"{"', '"]}"', '"ts"', '","'),
    *('[["1","2"]]', '[["1","2"],["3","0"]]', '["1","2"]', "[[]]", '[["0","1"]]', '[["x","1"]]'),
)


VALUES = (
    *PLAIN_VALUES,
    *('{"u":1}', '{"ts":1}', '{"b":[]}', '{"a":[["7","7"]]}', '{"type":"delta"}', '{"seq":1}'),
    *('{"data":{"u":7,"b":[],"a":[]}}', '[{"u":1},{"u":2}]', '{"cts":{"cts":1}}', '[{"a":1}]'),
    *(r'"\"ts\":5"', r'"\\"', r'"\u0075"', r'"a\tb"', r'"\",\"u\":1,\""'),
    *('" "', "{ }", "[ ]", " 1", "1\t", "\r[]", '"1 "'),
    *('{"b":[],"a":[],"u":3,"s":"X"}', '{"b":[],"a":[]}', '{"b":[["4","4"]],"u":9,"a":[]}'),
)


INTEGERS = ("177400", "0", "1", "1723075200103", "9" * 18)
NUMBERS = (*INTEGERS, "1.5", "0e1", "1" + "0" * 18)
SIDES = ('[["1","2"]]', "[]", '[["65114.20","6.054"],["1.5","0"]]', '[["1","0.000"]]')
NAMES = ('"BTCUSDT"', '"é"', '"b"', '"😀:"', '""', "null")
SOMETIMES = (0, 0, 0, 1)
Pair = tuple[str, str]


def join(pairs: Sequence[Pair]) -> str:
    return "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"


def shuffle(roll: Roll, pairs: Sequence[Pair]) -> list[Pair]:
    """Put pairs into any order, drop some, and insert some that cause trouble."""
    rest, out = list(pairs), []
    while rest:
        pair = roll.pick(rest)
        rest.remove(pair)
        if pair[0] in ("type", "ts", "data", "b", "a") or not roll.pick(SOMETIMES):
            out.append(pair)
    for _ in range(roll.pick((0, 0, 1, 1, 2))):
        values = roll.pick((PLAIN_VALUES, VALUES))
        pair = roll.pick((*KEYS, *KEYS[10:] * 3)), roll.pick(values)
        out.insert(roll.pick(range(len(out) + 1)), pair)
    return out


def write_line(roll: Roll) -> bytes:
    """Write a line, in most cases a message, and in about half of all cases one with an example."""
    data = [("s", roll.pick(NAMES)), ("b", roll.pick(SIDES)), ("a", roll.pick(SIDES))]
    data += [("u", roll.pick(INTEGERS)), ("seq", roll.pick(NUMBERS))]
    kind = roll.pick(('"snapshot"', '"delta"'))
    root = [("topic", roll.pick(NAMES)), ("type", kind), ("ts", roll.pick(INTEGERS))]
    root += [("data", join(shuffle(roll, data))), ("cts", roll.pick(NUMBERS))]
    start = roll.pick(("", "", "", "", "", "", "", "\ufeff", " "))
    return (start + join(shuffle(roll, root))).encode()


# ---------------------------------------------------------------- changed lines

FRAGMENTS = (
    *(b"", b"0", b"1", b"-", b".", b"e", b'"', b",", b":", b"[", b"]", b"{", b"}", b" ", b"\\"),
    *(b"u", b"\0", b"\xff", b"\xc3", b"\xa9", b"\r", b"\t", b"/", b";", b"9" * 15, b"0" * 16),
    *(b'"u":1,', b'"ts":2,', b',"u":3', b'"b":[],', b'"a":[["1","1"]],', b'"type":"delta",'),
    *(b'["1","1"]', b',["2","2"]', b'"delta"', b'"snapshot"', b"{}", b"[]", b"},", b'""'),
    *(b'},"data":{', b'"data":', b"18446744073709551617", b"00", b'"0"', b"delt", b"snapshot"),
)


def spoil(line: bytes, roll: Roll) -> bytes:
    """Edit any bytes, or copy a part of the line over another part."""
    for _ in range(roll.pick((1, 1, 2))):
        start, gone = roll.pick(range(len(line) + 1)), roll.pick((0, 0, 1, 1, 2, 5, 12))
        new = roll.pick(FRAGMENTS)
        if roll.pick(SOMETIMES):
            first = roll.pick(range(len(line) + 1))
            new = line[first : first + roll.pick(range(40))]
            gone = roll.pick((0, len(new)))
        line = line[:start] + new + line[start + gone :]
    return line


# Replacement values: the scanner reads some, only the JSON library reads others, and some neither.
GOOD_VALUES = {
    rb"(?<=:)-?[0-9]+(?=[,}])": (b"0", b"7", b"10", b"9" * 18),
    rb'"(?:snapshot|delta)"': (b'"snapshot"', b'"delta"'),
    rb"\[(?:\[[^]]*\],?)*\]": (
        *(b"[]", b'[["1","1"]]', b'[["9","0"],["8","00"],["7","1"]]', b'[["0001","1.50"]]'),
        *(b'[["123456789012345","1.23456789012345"]]', b'[["0.00000000000001","1"]]'),
    ),
}


ODD_VALUES = {
    rb"(?<=:)-?[0-9]+(?=[,}])": (
        *(b"9" * 19, b"01", b"-1", b"1.0", b"", b"1e1", b"\xd9\xa3", b"18446744073709551617"),
        *(b"0" * 17 + b"5", b"00", b"0x1", b" 1", b"1 "),
    ),
    rb'"(?:snapshot|delta)"': (
        b'"deltas"',
        b'"s"',
        b'"Delta"',
        b"null",
        b'"snapshot',
        b'"\x64elta"',
    ),
    rb"\[(?:\[[^]]*\],?)*\]": (
        *(b'[["0","1"]]', b"[[]]", b'[["1","1"],]', b'[["1","1"]["1","1"]]', b"[,]", b"null"),
        *(b'[["1"],["1","1"]]', b'[["1","1","1"]]', b'[["1","-1"]]', b'[["1","1"]],"u":8,"a":[]'),
        *(b'[["1.","1"]]', b'[["1",".5"]]', b'[["1","1.2.3"]]', b'[["","1"]]', b'[["1","1"]}'),
        *(b'[["1234567890.1234567","1"]]', b'[["1","18446744073709551617"]]', b'[ ["1","1"]]'),
    ),
}


def revalue(line: bytes, roll: Roll, values: dict[bytes, tuple[bytes, ...]]) -> bytes:
    """Change only values of the line."""

    def choose(hit: re.Match[bytes]) -> bytes:
        return roll.pick((hit[0], *values[hit.re.pattern]))

    for pattern in values:
        line = re.sub(pattern, choose, line, count=9)
    return line

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upcracknet.parsing import DEEPEST, built, fits, parse_json, shown


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"NaN", b"[Infinity]", b"-Infinity", b"1e999", b"[1, -1E+400]", b"9223372036854775808",
        b"1" * 5000, nested(DEEPEST + 2), nested(100_000), b'{"a":' * 500 + b"1" + b"}" * 500,
        b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u0000"', b'["a\\u0000.png"]', b"\xff\xfe\xff", b"[1] [2]",
    ],
)  # fmt: skip
def test_what_no_file_of_ours_has_is_refused(content):
    with pytest.raises(ValueError):
        parse_json(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_encoding_of_json_is_read(encoding):
    assert parse_json('{"ä": [1, 2.5, null]}'.encode(encoding)) == {"ä": [1, 2.5, None]}


def test_what_is_usual_stays_as_it_is():
    assert parse_json(nested(DEEPEST))
    assert parse_json(b'"\\ud83d\\ude00 and a\\\\u0000"') == "\U0001f600 and a\\u0000"
    assert parse_json(b'"\\udc80.png"') == "\udc80.png"  # a file name that is not UTF-8
    assert parse_json(b'"\x80.png"') == "\udc80.png"
    assert parse_json(b"[-9223372036854775808, 1e-400, 0.12345678901234567890, 1e300]")[3] == 1e300
    assert parse_json(b"[" + b"[1]," * 500 + b"[1]]")  # wide, not deep


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


@given(values, st.booleans())
def test_what_is_written_is_read(value, escaped):
    assert parse_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


@dataclass(frozen=True)
class Some:
    name: str
    size: float | None = None
    kind: Literal["a", "b"] = "a"
    lengths: dict[str, float] | None = None
    place: tuple[float, float] = (0, 0)
    whole: int = 0
    flag: bool = False


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 1}, {"name": None}, {"size": "1"}, {"size": True}, {"kind": "c"}, {"kind": ["a"]},
        {"lengths": [1]}, {"lengths": {"a": "b"}}, {"place": [1]}, {"place": [1, "2"]}, {"place": "ab"},
        {"whole": 1.0}, {"whole": True}, {"flag": 1},
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        built(Some, {"name": "x"} | wrong)


def test_a_dataclass_is_built():
    assert built(Some, {"name": "x", "size": 1, "place": [1, 2.5], "unknown": 3}) == Some(
        "x", 1, place=(1, 2.5)
    )  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        built(Some, {})
    assert fits([1, 2], tuple[float, ...])
    assert fits({"a": [1]}, dict[str, Any])


def test_values_are_shown_short_and_in_one_line():
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    for value in (deep, "a\nb" * 1000, {"a": [*range(1000)]}):
        assert len(shown(value)) < 200
        assert "\n" not in shown(value)

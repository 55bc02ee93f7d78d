import pytest

from upcracknet.errors import DataError
from upcracknet.reproduction.kept import read_kept, read_lines


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": "b"}', b"\xff\xfe"])
def test_a_damaged_file_is_one_clear_error(tmp_path, content):
    path = tmp_path / "estimate.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"estimate\.json: is damaged .*; delete it") as raised:
        read_kept(path, dict[str, float])
    assert "\n" not in str(raised.value)


def test_what_cannot_be_read_is_one_clear_error(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read .*; check the disk"):
        read_kept(tmp_path, dict[str, float])
    with pytest.raises(DataError, match=r"cannot be read .*; check the disk"):
        read_lines(tmp_path)


def test_half_a_line_of_a_killed_process_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_lines(path) == []
    path.write_bytes(b'{"epoch": 1}\n{"epoch": 2, "sec')
    assert read_lines(path) == [{"epoch": 1}]

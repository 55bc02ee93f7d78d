import pytest

from upcracknet.errors import ConfigurationError
from upcracknet.preparation import PreparationSettings


def test_all_impossible_settings_are_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        PreparationSettings(count=0, sizes=(48, 130, 128), rounds=-1, per_photo=0, seed=-1)
    message = str(caught.value)
    for part in ("count is 0", "size is 48", "size is 130", "rounds is -1", "per photo is 0", "seed is -1"):
        assert part in message
    assert "128" not in message


def test_no_sizes():
    with pytest.raises(ConfigurationError, match="number of sizes is 0"):
        PreparationSettings(sizes=())

import pytest

from upcracknet.errors import ConfigurationError
from upcracknet.serve.options import TOKEN_VARIABLE, ServiceOptions

TOKEN = "0123456789abcdef"


@pytest.fixture(autouse=True)
def without_a_token(monkeypatch):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_token(host):
    assert ServiceOptions(host=host).guard().token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "127.0.0.1.example.org", ""])
def test_others_need_a_token(host, monkeypatch):
    with pytest.raises(ConfigurationError, match="--token-file"):
        ServiceOptions(host=host).guard()
    assert ServiceOptions(host=host, no_token=True).guard().token is None
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert ServiceOptions(host=host).guard().token == TOKEN


def test_a_token_is_read_from_its_file(tmp_path):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert ServiceOptions(token_file=tmp_path / "token").guard().token == TOKEN


@pytest.mark.parametrize("token", ["", "short", "0123456789 abcdef", "0123456789abcdeä"])
def test_weak_tokens_are_refused(tmp_path, token):
    (tmp_path / "token").write_text(token)
    with pytest.raises(ConfigurationError, match="16 or more"):
        ServiceOptions(token_file=tmp_path / "token").guard()


def test_a_token_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nothing"):
        ServiceOptions(token_file=tmp_path / "nothing").guard()


def test_hosts_that_are_allowed():
    hosts = ServiceOptions(host="::1", allowed_host=["Roads.Example"]).guard().hosts
    assert {"[::1]", "127.0.0.1", "localhost", "roads.example"} == hosts


@pytest.mark.parametrize(
    "wrong", [{"port": 70_000}, {"queue": 0}, {"max_megapixels": float("nan")}, {"keep_hours": -1.0}]
)
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=f"--{next(iter(wrong)).replace('_', '-')}"):
        ServiceOptions(**wrong)

from __future__ import annotations

import hashlib
import hmac
import pickle

import pytest

from connector.config.salt import Salt
from connector.errors import ConfigError

SECRET = "correct horse battery staple"


def test_a_salt_shows_itself_to_nobody():
    salt = Salt(SECRET)
    assert SECRET not in f"{salt!r} {salt} {salt.fingerprint}"
    with pytest.raises(TypeError, match="environment"):
        pickle.dumps(salt)


def test_its_fingerprint_tells_it_from_others():
    assert Salt(SECRET) == Salt(f" {SECRET}\n")
    assert Salt(SECRET).fingerprint == Salt(SECRET).fingerprint != Salt(f"{SECRET}!").fingerprint
    assert len({Salt(SECRET), Salt(SECRET), Salt(f"{SECRET}!")}) == 2


def test_a_hash_is_what_any_other_program_makes_of_it():
    assert Salt(SECRET).mac(b"cus_1") == hmac.new(SECRET.encode(), b"cus_1", hashlib.sha256).hexdigest()


def test_a_salt_comes_from_a_file_else_from_the_environment(tmp_path):
    file = tmp_path / "salt"
    file.write_text(f"{SECRET}\nsecond line\n")
    environ = {"STRIPE_BALANCE_SALT": "another secret of some length"}
    assert Salt.find(environ, file=file) == Salt(SECRET)
    assert Salt.find(environ) == Salt("another secret of some length")


def test_no_salt_a_short_one_and_a_lost_file_are_refused_without_quoting_it(tmp_path):
    with pytest.raises(ConfigError, match="STRIPE_BALANCE_SALT"):
        Salt.find({})
    with pytest.raises(ConfigError, match="at least 16 characters") as short:
        Salt.find({"STRIPE_BALANCE_SALT": "hunter2"})
    assert "hunter2" not in str(short.value)
    with pytest.raises(ConfigError, match="cannot read the salt"):
        Salt.find({}, file=tmp_path / "gone")
    (tmp_path / "empty").write_text("")
    with pytest.raises(ConfigError, match="at least 16 characters"):
        Salt.find({}, file=tmp_path / "empty")

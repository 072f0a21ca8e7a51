"""Machine code is kept on disk where that is possible, and a function can be called in any case."""

from __future__ import annotations

import errno
import pickle

import numba
import pytest

from sim.basics import compiled
from sim.basics.compiled import kept


def one_more(number):
    return number + 1


@pytest.fixture
def nowhere(monkeypatch):
    """Neither the package nor the home can be written."""
    from numba.core import caching

    class Unwritable(caching.InTreeCacheLocator):
        def ensure_cache_path(self):
            raise OSError(errno.EROFS, "Read-only file system")

    user_provided = caching.UserProvidedCacheLocator
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [user_provided, Unwritable])
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(compiled, "_notes", [])


@pytest.mark.parametrize("decorator", [numba.njit, numba.vectorize])
def test_code_that_can_be_kept_nowhere_else_is_kept_in_the_temporary_folder(nowhere, tmp_path, monkeypatch, decorator):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert kept(decorator)(one_more)(2) == 3
    assert list(tmp_path.rglob("*.nbc"))
    assert str(tmp_path) in compiled.note()


def test_code_is_kept_nowhere_when_no_folder_can_be_written(nowhere, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    function = kept(numba.njit)(one_more)
    assert function(2) == 3
    assert function.stats.cache_path is None
    assert "NUMBA_CACHE_DIR" in compiled.note()


def test_a_temporary_folder_that_others_may_write_to_is_not_trusted(nowhere, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept(numba.njit)(one_more)
    (folder,) = tmp_path.iterdir()
    folder.chmod(0o777)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    assert kept(numba.njit)(one_more).stats.cache_path is None


def test_a_full_disk_under_the_cache_costs_no_run(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compiled, "_notes", [])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("numba.core.caching.IndexDataCacheFile._save_data", full)
    assert kept(numba.njit)(one_more)(2) == 3
    assert "No space left on device" in compiled.note()


@pytest.mark.parametrize("content", [b"", b"\x80\x05", pickle.dumps(numba.__version__) + b"\x80"])
def test_a_damaged_cache_is_compiled_again_and_mended(tmp_path, monkeypatch, content):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert kept(numba.njit)(one_more)(2) == 3
    (index,) = tmp_path.rglob("*.nbi")
    index.write_bytes(content)
    assert kept(numba.njit)(one_more)(2) == 3
    again = kept(numba.njit)(one_more)
    assert again(2) == 3
    assert sum(again.stats.cache_hits.values()) == 1

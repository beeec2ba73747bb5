import pytest


@pytest.fixture(autouse=True)
def _quick_compiles(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")

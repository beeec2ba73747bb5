"""Checkpoints in files: where they go, what a failure leaves, and what PyTorch makes of them."""

import errno
import io
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import pytest

from symdiff import errors
from symdiff.tensors import files
from tests.checkpoints import Leaf, load, same, save

# ---- places ----------------------------------------------------------------------------------------------------------


def test_paths_and_open_files(tmp_path):
    for number, path in enumerate([tmp_path / "a.pt", str(tmp_path / "b ü.safetensors")]):
        save({"n": number}, path)
        assert load(path) == {"n": number}
        with open(path, "rb") as file:
            assert load(file) == {"n": number}
    with open(tmp_path / "c", "wb", buffering=0) as file:
        file.write(b"before")
        save([1, 2], file)
    with open(tmp_path / "c", "rb", buffering=0) as file:
        file.seek(6)
        assert load(file) == [1, 2]
    with tempfile.NamedTemporaryFile() as file:
        save("x", file)
        file.seek(0)
        assert load(file) == "x"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.pt", "b ü.safetensors", "c"]


def test_wrong_places(tmp_path):
    with pytest.raises(TypeError, match="the file is open for text"), open(tmp_path / "t", "w") as file:
        save(1, file)
    with pytest.raises(TypeError, match="the file is not open for bytes"), open(tmp_path / "t") as file:
        load(file)
    for bad in (3, None, Leaf(np.zeros(1))):
        with pytest.raises(TypeError, match="a path or an open file is needed, not"):
            save({}, bad)
        with pytest.raises(TypeError, match="a path or an open file is needed, not"):
            load(bad)
    with pytest.raises(FileNotFoundError, match="nothing"):
        load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError) as caught:
        save(1, tmp_path / "no" / "x")
    assert caught.value.filename == str(tmp_path / "no" / "x")
    with pytest.raises(NotADirectoryError):
        save(1, tmp_path / "t" / "x")
    with pytest.raises(IsADirectoryError):
        save(1, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["t"]


def test_an_unbuffered_file_that_takes_little_at_a_time():
    class Slow(io.RawIOBase):
        taken = b""

        def writable(self):
            return True

        def write(self, data):
            Slow.taken += bytes(data[:7])
            return min(7, len(data))

    save([1], Slow())
    assert load(io.BytesIO(Slow.taken)) == [1]
    Slow.write = lambda self, data: None
    with pytest.raises(BlockingIOError):
        save([1], Slow())


# ---- failures leave the old file -------------------------------------------------------------------------------------


def old_file(folder):
    path = folder / "checkpoint.pt"
    save({"epoch": 1}, path)
    return path


def assert_old(path):
    assert load(path) == {"epoch": 1}
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch, failing, error):
    path = old_file(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, failing, lambda *args: (_ for _ in ()).throw(error))
        with pytest.raises(type(error)):
            save({"epoch": 2}, path)
    assert_old(path)


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path):
    path = old_file(tmp_path)
    with pytest.raises(TypeError):
        save({"epoch": {2}}, path)
    assert_old(path)


LIMITED = """
import resource, signal, sys, os
import numpy as np
from symdiff.tensors import files
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    files.save({"x": np.zeros(100_000)}, sys.argv[1], to_array=lambda value: None)
except OSError as error:
    print("refused", error.errno, error.filename)
"""

KILLED = """
import os, signal, sys
from symdiff.tensors import files
os.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
files.save({"epoch": 2}, sys.argv[1], to_array=lambda value: None)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits and signals of POSIX")
def test_no_room_on_disk_and_a_crash(tmp_path):
    path = old_file(tmp_path)
    result = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == f"refused {errno.EFBIG} {path}"
    assert_old(path)
    result = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert result.returncode == -signal.SIGKILL
    assert load(path) == {"epoch": 1}


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_modes_links_and_devices_stay_what_they_are(tmp_path):
    path = old_file(tmp_path)
    before = os.umask(0o027)
    try:
        save(1, tmp_path / "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(tmp_path / "new").st_mode) == 0o640
    path.chmod(0o604)
    (tmp_path / "link").symlink_to(path.name)
    save(2, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    # A pipe stands for all that is no regular file: it is written to, not replaced.
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    save(3, tmp_path / "pipe")
    assert load(io.BytesIO(os.read(reader, 10_000))) == 3
    os.close(reader)
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path):
    path = old_file(tmp_path)
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        save(2, path)
    assert_old(path)


# ---- files of other kinds --------------------------------------------------------------------------------------------


def test_an_endless_file_is_not_read():
    class Endless:
        def read(self, size=-1):
            assert size > 0, "asks for all of it"
            return bytes(size)

    with pytest.raises(errors.CheckpointFormatError, match="not a safetensors file"):
        load(Endless())


def test_files_of_pickle_and_numpy(tmp_path):
    for protocol in range(2, 6):
        (tmp_path / "old.pt").write_bytes(pickle.dumps({"w": [0.5] * protocol}, protocol))
        with pytest.raises(errors.CheckpointFormatError, match=r"hint: it is pickled.*\n.*torch\.load\('.*old\.pt'"):
            load(tmp_path / "old.pt")
    with zipfile.ZipFile(tmp_path / "new.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    with pytest.raises(errors.CheckpointFormatError, match="hint: it is pickled"):
        load(tmp_path / "new.pt")
    np.savez(tmp_path / "a.npz", x=np.zeros(2))
    np.save(tmp_path / "a.npy", np.zeros(2))
    for name in ("a.npz", "a.npy"):
        with pytest.raises(errors.CheckpointFormatError, match=r"numpy\.load reads it"):
            load(tmp_path / name)


# ---- with PyTorch ----------------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed")


def torch_save(value, file):
    import torch

    files.save(value, file, to_array=lambda v: v.detach().numpy() if isinstance(v, torch.Tensor) else None)


def torch_load(file):
    import torch

    return files.load(file, from_array=torch.from_numpy)


def test_pytorch_reads_what_is_saved(torch, tmp_path):
    import safetensors.torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    torch_save(model.state_dict(), tmp_path / "model.pt")
    found = safetensors.torch.load_file(tmp_path / "model.pt")
    assert found.keys() == model.state_dict().keys()
    assert all(torch.equal(found[name], value) and found[name].dtype == value.dtype
               for name, value in model.state_dict().items())  # fmt: skip
    other = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    other.load_state_dict(found)


def test_what_pytorch_saved_is_read(torch, tmp_path):
    import safetensors.torch

    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    safetensors.torch.save_file(model.state_dict(), tmp_path / "model.safetensors")
    found = load(tmp_path / "model.safetensors")
    assert found.keys() == model.state_dict().keys()
    assert all(same(found[name].array, value.numpy()) for name, value in model.state_dict().items())


def plain(value):
    """The same with NumPy arrays for tensors and plain dicts."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    return value.detach().numpy() if hasattr(value, "detach") else value


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_a_whole_training_state_of_pytorch(torch, kind):
    model = torch.nn.Linear(3, 2)
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    for _ in range(3):
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        scheduler.step()
    state = {
        "epoch": 3,
        "model": model.state_dict(),
        "optim": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
    }
    file = io.BytesIO()
    torch_save(state, file)
    file.seek(0)
    found = torch_load(file)
    assert same(plain(found), plain(state))
    model.load_state_dict(found["model"])
    optimizer.load_state_dict(found["optim"])
    scheduler.load_state_dict(found["scheduler"])
    assert optimizer.state_dict()["param_groups"] == state["optim"]["param_groups"]


def test_the_line_of_the_hint_converts(torch, tmp_path):
    tied = torch.nn.Linear(2, 2)
    model = torch.nn.Sequential(tied, torch.nn.ReLU(), tied)
    path = tmp_path / "it's mine.pt"
    for legacy in (False, True):
        torch.save(model.state_dict(), path, _use_new_zipfile_serialization=not legacy)
        with pytest.raises(errors.CheckpointFormatError) as caught:
            load(path)
        exec(str(caught.value).splitlines()[-1], {})
        found = torch_load(tmp_path / "it's mine.safetensors")
        assert found.keys() == model.state_dict().keys()
        assert all(torch.equal(found[name], value) for name, value in model.state_dict().items())
        (tmp_path / "it's mine.safetensors").unlink()

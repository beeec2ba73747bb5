"""What a training leaves behind."""

import builtins

import pytest

import symdiff as sd
from symdiff.training.history import History

HISTORY = History(
    loss=[4.0, 1.0, 0.0625], val_loss=[2.0, 1.5, 1.25], metrics={"accuracy": [0.25, 0.5, 0.75]}, lr=[0.1, 0.1, 0.01],
    seconds=[0.5, 0.25, 0.25], native=True,
)  # fmt: skip


def test_columns():
    assert HISTORY.epochs == 3
    assert HISTORY.to_dict() == {
        "epoch": [1, 2, 3], "loss": [4.0, 1.0, 0.0625], "val_loss": [2.0, 1.5, 1.25], "accuracy": [0.25, 0.5, 0.75],
        "lr": [0.1, 0.1, 0.01], "seconds": [0.5, 0.25, 0.25],
    }  # fmt: skip
    assert History(loss=[1.0], lr=[0.1], seconds=[0.5]).to_dict().keys() == {"epoch", "loss", "lr", "seconds"}


def test_columns_make_a_data_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    assert pandas.DataFrame(HISTORY.to_dict()).set_index("epoch").loc[2, "val_loss"] == 1.5


def test_text():
    assert repr(HISTORY) == (
        "History(3 epochs in 1 s, native; loss 4 -> 0.0625; val_loss 2 -> 1.25; accuracy 0.25 -> 0.75)"
    )
    one = History(loss=[0.5], seconds=[1.25], stopped_early=True)
    assert repr(one) == "History(1 epoch in 1.25 s, eager, stopped early; loss 0.5)"
    assert repr(History()) == "History(0 epochs in 0 s, eager)"


def test_drawings(tmp_path):
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    path = tmp_path / "losses.png"
    ax = HISTORY.plot(path=path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [line.get_label() for line in ax.lines] == ["loss", "validation loss"]
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1, 2, 3]] * 2
    assert ax.lines[1].get_ydata().tolist() == [2.0, 1.5, 1.25]
    assert ax.get_yscale() == "log"
    below = ax.figure.axes[1]
    assert [line.get_label() for line in below.lines] == ["accuracy"]
    assert below.get_xlabel() == "epoch"
    figure = matplotlib.figure.Figure()
    own = figure.subplots()
    assert HISTORY.plot(ax=own) is own and len(figure.axes) == 1
    flat = History(loss=[2.0, float("nan"), 1.0]).plot(path=tmp_path / "flat.png")
    assert flat.get_yscale() == "linear" and len(flat.figure.axes) == 1
    History().plot(path=tmp_path / "empty.png")


def test_a_drawing_without_matplotlib_says_what_is_missing(monkeypatch):
    plain = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(sd.MissingExtraError, match="plot needs matplotlib\nhint: pip install matplotlib"):
        HISTORY.plot()

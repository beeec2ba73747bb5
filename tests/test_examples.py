"""The examples run, and what they find is right."""

import importlib.util
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import approx_fprime

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def example(request, monkeypatch):
    """The example that the test names, as a module."""
    name = request.param
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def png_pixels(path):
    """Width and height; every chunk of the file is checked on the way."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    position, kinds = 8, []
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        body = data[position + 4 : position + 8 + length]
        assert struct.unpack(">I", data[position + 8 + length : position + 12 + length]) == (zlib.crc32(body),)
        kinds.append(body[:4])
        position += 12 + length
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND"
    return struct.unpack(">II", data[16:24])


@pytest.mark.parametrize("example", ["logistic_regression"], indirect=True)
def test_logistic_regression(example, capsys):
    found = example.main()
    assert found.largest_difference < 1e-3
    assert found.accuracy > 0.98
    assert found.accuracy == found.reference_accuracy
    x, y = example.load_data()
    at = np.linspace(-1.0, 1.0, x.shape[1] + 1)
    value, gradient = example.loss.value_and_grad(at, x, y, 0.01)
    value_by_hand, gradient_by_hand = example.value_and_grad_by_hand(at, x, y, 0.01)
    assert value == pytest.approx(value_by_hand, rel=1e-13)
    np.testing.assert_allclose(gradient, gradient_by_hand, rtol=1e-11, atol=1e-14)
    output = capsys.readouterr().out
    for part in (found.gradient_source, "accuracy", f"{found.accuracy:.4f}", "by hand in NumPy"):
        assert part in output


@pytest.mark.parametrize("example", ["logistic_regression"], indirect=True)
def test_the_printed_gradient_of_the_logistic_loss_runs_with_numpy_alone(example):
    x, y = example.load_data()
    at = np.linspace(-1.0, 1.0, x.shape[1] + 1)
    names: dict = {}
    exec(example.loss.gradient_source(at, x, y, 0.01), names)
    np.testing.assert_allclose(
        names["loss_grad"](at, x, y, 0.01), example.loss.grad(at, x, y, 0.01), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("example", ["lotka_volterra"], indirect=True)
def test_lotka_volterra(example, tmp_path, capsys):
    plot = tmp_path / "fit.png"
    found = example.main(plot)
    assert found.gradient_norm < 1e-4
    assert found.gradients < 60
    # what others report for these counts: 0.55, 0.028, 0.84, 0.026 (Stan, with priors)
    np.testing.assert_allclose(
        (found.alpha, found.beta, found.gamma, found.delta), (0.55, 0.028, 0.80, 0.024), rtol=0.05
    )
    assert found.plot == plot
    width, height = png_pixels(plot)
    assert 600 < width < 2000 and 300 < height < 1200
    assert plot.stat().st_size > 20_000  # a blank picture of this size takes less than 10 000 bytes
    assert "hares" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["lotka_volterra"], indirect=True)
def test_the_gradient_through_all_steps_is_that_of_differences(example):
    args = (example.HARE, example.LYNX, 5)
    value, gradient = example.loss.value_and_grad(example.GUESS, *args)
    assert value == example.loss(example.GUESS, *args)
    np.testing.assert_allclose(value, example.loss.__wrapped__(example.GUESS, *args), rtol=1e-10)
    np.testing.assert_allclose(gradient, approx_fprime(example.GUESS, example.loss, 1e-7, *args), rtol=1e-4)


@pytest.mark.parametrize("example", ["heston_barrier"], indirect=True)
def test_heston_barrier(example, capsys):
    found = example.main(paths=4_000, steps=20)
    for name, derivative in found.greeks.items():
        assert derivative == pytest.approx(found.revalued[name], rel=1e-3)
    assert 5.0 < found.price < found.vanilla
    assert abs(found.vanilla - found.formula) < 5.0 * found.vanilla_error
    assert "by revaluation" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["kalman_nile"], indirect=True)
def test_kalman_nile(example, capsys):
    found = example.main()
    # Durbin and Koopman print 15099 and 1469.1
    np.testing.assert_allclose((found.observation_variance, found.level_variance), (15098.5, 1469.2), rtol=1e-4)
    np.testing.assert_allclose((found.observation_variance, found.level_variance), found.reference, rtol=1e-4)
    assert found.log_likelihood == pytest.approx(found.reference_log_likelihood, abs=1e-7)
    flow, theta = example.load_data(), np.array([9.0, 7.0])
    by_differences = approx_fprime(theta, example.negative_log_likelihood.__wrapped__, 1e-7, flow)
    np.testing.assert_allclose(example.negative_log_likelihood.grad(theta, flow), by_differences, rtol=1e-4)
    assert "gradients" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["cox_survival"], indirect=True)
def test_cox_survival(example, capsys):
    found = example.main()
    assert found.ties > 0
    np.testing.assert_allclose(found.coefficients, found.reference, rtol=1e-6)
    np.testing.assert_allclose(found.standard_errors, found.reference_errors, rtol=1e-6)
    assert found.log_likelihood == pytest.approx(found.reference_log_likelihood, rel=1e-12)
    assert "ties" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["eight_schools_hmc"], indirect=True)
def test_eight_schools_hmc(example, capsys):
    found = example.main(draws=8_000, warmup=500)
    assert found.draws.shape == (8_000, 10)
    assert 0.8 < found.acceptance < 1.0
    assert found.mu == pytest.approx(found.mu_exact, abs=0.4)
    assert found.tau == pytest.approx(found.tau_exact, abs=0.4)
    assert "by quadrature" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["eight_schools_hmc"], indirect=True)
def test_the_compiled_chain_is_that_of_numpy(example):
    args = (np.full(10, 0.1), example.EFFECT, example.ERROR, 40, 10, 0.25, 8, 3)
    chain, acceptance = example.sample(*args)
    in_python, acceptance_in_python = example.sample.__wrapped__(*args)
    np.testing.assert_allclose(chain, in_python, rtol=1e-9)
    assert acceptance == acceptance_in_python


@pytest.mark.parametrize("example", ["gaussian_process"], indirect=True)
def test_gaussian_process(example, capsys):
    found = example.main(months=96)
    assert found.log_likelihood == pytest.approx(found.reference_log_likelihood, rel=1e-9)
    assert found.gradient_difference < 1e-6
    assert found.residual < 2.0
    assert found.refused == np.inf
    assert "ppm" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["deconvolution"], indirect=True)
def test_deconvolution(example, capsys):
    found = example.main(size=64)
    assert found.blurred < found.wiener
    assert found.blurred < found.restored
    assert found.distance_to_wiener < 1e-5
    assert "dB" in capsys.readouterr().out
    image = example.load_image(8)
    transfer = example.gaussian_transfer(image.shape, 1.0)
    args = (example.blur(image, transfer) + 0.01, transfer, 0.01)
    for function in (example.loss, example.quadratic_loss):
        by_differences = approx_fprime(image.ravel(), function.__wrapped__, 1e-6, *args)
        np.testing.assert_allclose(function.grad(image.ravel(), *args), by_differences, atol=1e-6)


# -- programs as for PyTorch: the numbers are those of the same lines with PyTorch 2.13 --------------------------------


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setenv("SYMDIFF_OPT_LEVEL", "0")


@pytest.mark.parametrize("example", ["tutorial_regression"], indirect=True)
def test_tutorial_regression(example, quick, capsys):
    found = example.main(epochs=200)
    assert found.weight == pytest.approx(0.6531492471694946, rel=1e-5)
    assert found.bias == pytest.approx(1.4543520212173462, rel=1e-5)
    assert found.loss == pytest.approx(1.5148650407791138, rel=1e-5)
    assert (found.exact_weight, found.exact_bias) == pytest.approx((0.5000909090909094, 3.000090909090908))
    assert "least squares" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["digits_mlp"], indirect=True)
def test_digits_mlp(example, quick, capsys):
    found = example.main(epochs=2)
    assert found.losses == pytest.approx([1.882310736652207, 0.9087895284158618], rel=1e-5)
    assert (found.train_accuracy, found.test_accuracy) == pytest.approx((0.8858733177185059, 0.875))
    assert "accuracy 0.8859 on what it learnt, 0.8750 on the rest" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["digits_cnn"], indirect=True)
def test_digits_cnn(example, quick, capsys):
    found = example.main(epochs=4, rows=512)
    expected = [2.295648455619812, 2.242996037006378, 2.1953611373901367, 2.1491748094558716]
    assert found.losses == pytest.approx(expected, rel=1e-5)
    assert (found.parameters, found.test_accuracy) == (6090, pytest.approx(0.28611111640930176))
    assert "digits not seen before, with 6090 parameters" in capsys.readouterr().out


@pytest.mark.parametrize("example", ["character_model"], indirect=True)
def test_character_model(example, quick, capsys):
    if not Path(example.LICENSE).exists():
        pytest.skip("this Python came without its licence")
    found = example.main(steps=3, size=16, layers=1, drawn=3)
    expected = [4.44972038269043, 4.399143695831299, 4.38955020904541]
    assert found.losses == pytest.approx(expected, rel=1e-5)
    assert found.guess == pytest.approx(4.276666164398193)
    assert found.text == "\nxl."
    assert found.text in capsys.readouterr().out


@pytest.mark.parametrize("example", ["diabetes_fit"], indirect=True)
def test_diabetes_fit(example, quick, capsys):
    found = example.main(epochs=3)
    expected = [1.200270446741356, 1.177389386689888, 1.1552135283092282]
    assert found.history.loss == pytest.approx(expected, rel=1e-5)
    expected = [1.061110019683838, 1.0451756715774536, 1.0304700136184692]
    assert found.history.val_loss == pytest.approx(expected, rel=1e-5)
    assert found.r2 == pytest.approx(-0.12123548984527588, rel=1e-4)
    assert "ridge regression 0.3241" in capsys.readouterr().out

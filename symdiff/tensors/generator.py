"""The generator of random numbers: PyTorch's CPU generator, which is a Mersenne Twister, over NumPy's.

The 32-bit stream is MT19937 with the classic seeding by one 32-bit integer, so NumPy's engine gives the same bits. A
64-bit draw joins two of them, the high half first. Beside the engine, the state holds the second number of a pair of
normal numbers that was made for a small array (see `normal_draws`): it is handed out before the engine is asked again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from symdiff.errors import located
from symdiff.tensors.tracing import DrawsNumbers, current

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

DEFAULT_SEED = 67280421310721  # what a new generator starts from
WORDS = 624  # length of the engine's state

# The bytes that `get_state` returns, as PyTorch lays them out: a state taken there can be set here and the reverse.
STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "normal", "has_normal"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", (WORDS,)), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)


class _Unseeded(np.random.bit_generator.ISeedSequence):
    """Spares an engine the search for a seed that it will not use."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return np.zeros(n_words, dtype)


class Generator:
    """A source of random numbers whose draws are those of PyTorch's CPU generator.

    A new one starts from a fixed seed, so two new ones give the same numbers.

    Parameters
    ----------
    device : str, optional
        Only the CPU.

    Examples
    --------
    >>> Generator().manual_seed(0).draw32(3).tolist()
    [2357136044, 2546248239, 3071714933]
    """

    def __init__(self, device: object = "cpu") -> None:
        if str(device).partition(":")[0] != "cpu":
            raise located(RuntimeError, f"a generator on device '{device}': only the CPU has one")
        self._engine = np.random.MT19937(_Unseeded())  # type: ignore[arg-type]
        self._next_normal: float | None = None
        self._restart(DEFAULT_SEED)

    @property
    def device(self) -> str:
        """Where the numbers are made."""
        return "cpu"

    def _restart(self, number: int) -> None:
        # NumPy's older interface has the classic seeding, in place
        np.random.RandomState(self._engine).seed(number & 0xFFFFFFFF)
        self._seed, self._next_normal, self._unused = number, None, True

    def _set_engine(self, words: np.ndarray, position: int) -> None:
        self._engine.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": position}}

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a seed, and return the generator itself.

        Parameters
        ----------
        seed : int
            From -2**63 to 2**64 - 1; 2**64 is added to a negative one. The numbers depend on its lowest 32 bits only.
        """
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise located(RuntimeError, f"manual_seed expected a long, but got {type(seed).__name__}")
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise located(
                ValueError, f"the seed {number} is not in [-2**63, 2**64 - 1]: Overflow when unpacking long long"
            )
        self._restart(number % 2**64)
        return self

    def seed(self) -> int:
        """Start anew from a seed that the operating system gives, and return it."""
        number = secrets.randbits(64)
        self._restart(number)
        return number

    def initial_seed(self) -> int:
        """Return the seed that the generator was last started from."""
        return self._seed

    def clone_state(self) -> Generator:
        """Return a new generator that gives the numbers this one would give next."""
        clone = Generator()
        clone.set_state(self.get_state())
        return clone

    def get_state(self) -> np.ndarray:
        """Return the state: 5056 bytes, in PyTorch's layout."""
        state = np.zeros((), STATE)
        engine = self._engine.state["state"]
        position = 0 if self._unused else engine["pos"]
        state["seed"], state["seeded"], state["words"] = self._seed, 1, engine["key"]
        state["next"], state["left"] = position, 1 if self._unused else WORDS + 1 - position
        if self._next_normal is not None:
            state["normal"], state["has_normal"] = self._next_normal, 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, new_state: Any) -> None:
        """Continue from a state that `get_state`, or PyTorch's own, returned.

        Parameters
        ----------
        new_state : array_like
            5056 numbers of dtype uint8.
        """
        array = np.asarray(new_state)
        if array.dtype != np.uint8:
            raise located(
                TypeError, f"RNG state must be a torch.ByteTensor (here an array of uint8), not {array.dtype}"
            )
        if array.size != STATE.itemsize:
            raise located(
                RuntimeError,
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} "
                f"but found the input RNG state size to be {array.size}",
            )
        state = np.frombuffer(np.ascontiguousarray(array).tobytes(), STATE)[0]
        position, left = int(state["next"]), int(state["left"])
        unused = position == 0 and left == 1
        if not state["seeded"] or not (unused or (1 <= position <= WORDS and left == WORDS + 1 - position)):
            raise located(RuntimeError, "Invalid mt19937 state")
        self._set_engine(state["words"].astype(np.uint32), WORDS if unused else position)
        self._seed, self._unused = int(state["seed"]), unused
        self._next_normal = float(state["normal"]) if state["has_normal"] else None

    def draw32(self, count: int) -> np.ndarray:
        """Return the next ``count`` numbers of 32 bits, as uint64."""
        if count == 0:
            return np.empty(0, np.uint64)
        if current() is not None:
            raise DrawsNumbers
        self._unused = False
        drawn: np.ndarray = self._engine.random_raw(count)
        return drawn

    def draw64(self, count: int) -> np.ndarray:
        """Return the next ``count`` numbers of 64 bits, each from two of the engine."""
        halves = self.draw32(2 * count)
        joined: np.ndarray = (halves[0::2] << np.uint64(32)) | halves[1::2]
        return joined

    def take_next_normal(self) -> float | None:
        """Return the standard normal number kept for the next draw, if any, and forget it."""
        kept, self._next_normal = self._next_normal, None
        return kept

    def keep_next_normal(self, number: float) -> None:
        """Keep the second of a pair of standard normal numbers for the next draw."""
        self._next_normal = number


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Start the default generator from a seed (anything ``int`` takes), and return it."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start the default generator from a seed that the operating system gives, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """Return the seed that the default generator was last started from."""
    return default_generator.initial_seed()


def get_rng_state() -> np.ndarray:
    """Return the default generator's state."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Set the default generator's state."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(enabled: bool = True) -> Iterator[None]:
    """Give the default generator back, after the block, the state it had before."""
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)

"""What a decorated function is: an object with derivatives, built when they are first asked for."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
import weakref
from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

import numpy as np

from symdiff.config import Options
from symdiff.directions import WithDirection
from symdiff.errors import LocatedTypeError, UnsupportedSyntaxError
from symdiff.steps import ALONG, Step, StepOf
from symdiff.tracebacks import strip_frames, user_facing

if TYPE_CHECKING:
    from symdiff.inspection import Stages
    from symdiff.runtime.call import Dispatcher
    from symdiff.runtime.family import Family, Variant

__all__ = ["TRANSFORMATIONS", "Derived", "Differentiable", "machinery", "wrap"]

_ASKED: weakref.WeakKeyDictionary[Any, tuple[weakref.ref[Differentiable], str]] = weakref.WeakKeyDictionary()
"""Methods of decorated functions, as objects: whose, and which."""

TRANSFORMATIONS: dict[Any, str] = {}
"""What users call to transform functions, and its name: the front end knows these by identity."""


class Differentiable:
    """A function with derivatives. Made by :func:`differentiable`; behaves as the function itself.

    Attributes
    ----------
    grad : callable
        ``grad(*args, wrt=...)``: the gradient, of the structure, shape and dtype of its argument; a tuple for a tuple
        ``wrt``.
    value_and_grad : callable
        ``value_and_grad(*args, wrt=...)``: the value and the gradient in one sweep.
    """

    __symdiff_wrapper__ = True
    grad: Callable[..., Any]
    value_and_grad: Callable[..., Any]
    _value: Callable[..., Any]

    def __init__(self, function: Callable[..., Any], options: Options | None = None) -> None:
        self.options = _supported(options or Options())
        self.__wrapped__ = function
        self.__symdiff_function__ = function
        self.__signature__ = _signature(function)
        functools.update_wrapper(self, function, updated=())
        self._native: dict[str, list[Variant]] = {}
        self._newest: dict[str, Callable[..., Any]] = {}
        self._made: dict[str, Dispatcher] = {}
        for name in ("_value", "grad", "value_and_grad"):
            self.__dict__[name] = _facing(name, self)

    def _dispatcher(self, name: str) -> Dispatcher:
        """The dispatcher of one question, made when it is first asked: only then is the compiler loaded."""
        if name not in self._made:
            compiler = machinery()
            own = (lambda positions, single: ()) if name == "_value" else functools.partial(_one_step, name)
            wrt = None if name == "_value" else self.options.wrt
            publish = functools.partial(self._publish, name)
            parse = compiler.parser(_hook(), self.options.at_kink)
            self._made[name] = compiler.Dispatcher(
                self.__wrapped__, self.__signature__, self.options, self._after(own), wrt, publish, parse
            )
        return self._made[name]

    def _after(self, steps: Any) -> Any:
        """The steps of a question about this function; a transformation puts its own before them."""
        return steps

    def _publish(self, name: str, variant: Variant) -> None:
        """Let the newest native unit be what users call; it passes what does not fit on to the one before."""
        builtin = variant.unit.builtin
        if variant.unit.next is None and self._native.get(name):
            variant.unit.next = self._native[name][-1].unit.builtin
        self._native.setdefault(name, []).append(variant)
        self._newest[name] = self.__dict__[name] = builtin
        _remember(builtin, self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._value(*args, **kwargs)
        except Exception as error:
            strip_frames(error)
            raise

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return Differentiable(MethodType(self.__wrapped__, instance), self.options)

    def __repr__(self) -> str:
        count = len(self.variants)
        noun = "variant" if count == 1 else "variants"
        return f"<differentiable {getattr(self, '__name__', 'function')}{self.__signature__}: {count} {noun}>"

    def __reduce__(self) -> Any:
        return _restore, (_reference(self), self.options)

    # -- inspection ---------------------------------------------------------------------------------------------------

    @property
    def variants(self) -> list[Variant]:
        """Every native unit built for functions of this code."""
        store = self._dispatcher("_value").store
        return [v for families in store.families.values() for f in families for v in f.variants]

    def _family(self, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Family, Dispatcher, Any]:
        dispatcher = self._dispatcher(name)
        wrt = kwargs.pop("wrt", dispatcher.wrt) if dispatcher.wrt is not None else None
        call = dispatcher.take_apart(args, kwargs, wrt)
        return dispatcher.family(call, wrt), dispatcher, call

    @user_facing
    def gradient_source(self, *args: Any, **kwargs: Any) -> str:
        """The gradient as Python that runs with NumPy alone.

        Parameters
        ----------
        *args, wrt
            As for ``grad``; only the types of the arguments matter.
        """
        family, _, _ = self._family("grad", args, kwargs)
        return str(machinery().stages.text(family.made, "simplified", provenance=False))

    @user_facing
    def compile(self, *args: Any, wrt: Any = None, **kwargs: Any) -> Differentiable:
        """Build the native units for these types of arguments without running them; returns the function itself."""
        names = ("_value", "grad", "value_and_grad") if wrt is None else ("grad", "value_and_grad")
        for name in names:
            given = kwargs if name == "_value" or wrt is None else {**kwargs, "wrt": wrt}
            family, dispatcher, call = self._family(name, args, dict(given))
            dispatcher.variant(family, [machinery().prepare(v) for v in family.inputs(call, self.__wrapped__)])
        return self

    @user_facing
    def stages(self, *args: Any, wrt: Any = None, **kwargs: Any) -> Stages:
        """Every stage of the gradient's compilation, as texts."""
        if wrt is not None:
            kwargs["wrt"] = wrt
        family, dispatcher, call = self._family("value_and_grad", args, kwargs)
        variant = dispatcher.variant(family, [machinery().prepare(v) for v in family.inputs(call, self.__wrapped__)])
        made: Stages = machinery().Stages(self, family, variant)
        return made


def machinery() -> Any:
    """The compiler: loaded when something is first compiled, so that importing symdiff is quick."""
    return importlib.import_module("symdiff.machinery")


def _supported(options: Options) -> Options:
    """The options, unless one asks for what is not there yet: silently giving something else would be wrong."""
    if options.parallel:
        raise UnsupportedSyntaxError("the option parallel is not supported yet", hint="leave it out")
    return options


def _one_step(kind: str, positions: tuple[int, ...], single: bool) -> tuple[Step, ...]:
    return (Step(kind, positions, single),)


def _facing(name: str, owner: Differentiable) -> Callable[..., Any]:
    """One question as a function that hides the library's frames.

    Who took the method before anything was compiled still gets to the native code quickly.
    """
    newest = owner._newest

    def call(*args: Any, **kwargs: Any) -> Any:
        native = newest.get(name)
        return owner._dispatcher(name)(*args, **kwargs) if native is None else native(*args, **kwargs)

    call.__name__ = call.__qualname__ = name.strip("_")
    made = user_facing(call)
    _remember(made, owner, name)
    return made


def _remember(method: Any, owner: Differentiable, name: str) -> None:
    if name != "_value":
        _ASKED[method] = (weakref.ref(owner), name)


def _asked(method: Any) -> Derived | None:
    """A method of a decorated function as a derivative: ``sd.jacobian(loss.grad)``."""
    try:
        reference, name = _ASKED.get(method, (None, ""))
    except TypeError:  # there is no weak reference to it, so it is none
        return None
    owner = reference() if reference is not None else None
    return None if owner is None else Derived(owner, StepOf(name, owner.options.wrt))


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    if isinstance(function, np.ufunc):
        names = [f"x{k}" for k in range(function.nin)] if function.nin > 1 else ["x"]
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in names])
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        raise LocatedTypeError(
            f"{function!r} is not a Python function", hint="wrap the call in a def or a lambda"
        ) from None


def _reference(wrapper: Differentiable) -> Any:
    """What a pickle holds: the function, or where the decorated one stands in its module."""
    function = wrapper.__wrapped__
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    return ("named", module, name) if _found(module, name) is wrapper else ("function", function, None)


def _found(module: str | None, name: str) -> Any:
    target: Any = sys.modules.get(module or "")
    for part in name.split("."):
        target = getattr(target, part, None)
    return target


def _restore(reference: Any, options: Options) -> Differentiable:
    kind, first, name = reference
    if kind == "named":
        importlib.import_module(first)
        found: Differentiable = _found(first, name)
        return found
    return Differentiable(first, options)


def wrap(function: Any, options: Options | None = None) -> Differentiable:
    """A function as one with derivatives."""
    if isinstance(function, Differentiable):
        return function if options is None or options == function.options else _rewrapped(function, options)
    if not callable(function):
        raise LocatedTypeError(f"{function!r} is not callable", hint="give a function")
    asked = _asked(function)
    if asked is not None:
        return asked if options is None else _rewrapped(asked, options)
    return Differentiable(function, options)


def _rewrapped(function: Differentiable, options: Options) -> Differentiable:
    return (
        Derived(function.inner, function.step, options)
        if isinstance(function, Derived)
        else Differentiable(function.__wrapped__, options)
    )


class Derived(Differentiable):
    """The derivative of a function, as a function that can be differentiated again."""

    # the front end must not look through it at the function: it is another function
    __symdiff_wrapper__ = False

    def __init__(
        self, inner: Differentiable, step: Callable[[Sequence[str]], Step], options: Options | None = None
    ) -> None:
        self.inner, self.step = inner, step
        super().__init__(inner.__wrapped__, options or inner.options)
        own = getattr(step, "kind", "") in ALONG
        self.__signature__ = WithDirection(inner.__signature__) if own else inner.__signature__

    def _after(self, steps: Any) -> Any:
        own = self.step(list(self.inner.__signature__.parameters))
        before = self.inner._after(lambda positions, single: (own,))
        return lambda positions, single: (*before((), True), *steps(positions, single))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else Derived(self.inner.__get__(instance), self.step, self.options)

    def __reduce__(self) -> Any:
        return Derived, (self.inner, self.step, self.options)


@functools.cache
def _hook() -> Any:
    """What the front end is taught of the transformations."""
    return machinery().TransformHook(TRANSFORMATIONS, Differentiable, _inner_of)


def _inner_of(found: Any) -> tuple[Any, Any] | None:
    """The function and the step of a derivative made outside a function that calls it."""
    made = found if isinstance(found, Derived) else _asked(found)
    return None if made is None else (made.inner, made.step)

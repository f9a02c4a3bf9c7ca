"""A job: one configuration and the pure function that runs it; and its outcome, as plain data."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import io
import json
import platform
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.errors import DataError, InputError, did_you_mean

KINDS = {
    "parity": ("quantal.train.parity_config:ParityConfig", "quantal.train.parity:train_parity"),
    "text": ("quantal.train.text_config:TextConfig", "quantal.train.text:train_text"),
}
_PACKAGES = ("numpy", "torch", "transformers", "numba")


@dataclass(frozen=True)
class Job:
    """One configuration of a sweep as plain data; its key is made from its content.

    kind: "parity", "text", or "module:Config module:function" for a function of one's own.
    cost: relative work, by which the dearest are started first and the time left is estimated.
    """

    kind: str
    config: Mapping[str, Any]
    cost: float = 1.0

    @property
    def key(self) -> str:
        """A name that two jobs share only if they are the same."""
        text = json.dumps([self.kind, dict(self.config)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def __repr__(self) -> str:
        return f"Job({self.kind} {self.key})"


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a job gave: numbers for a list, a table of runs (as `Runs.to_dict` writes it), arrays, CPU seconds, versions."""

    summary: Mapping[str, Any]
    runs: Mapping[str, Any] | None
    arrays: Mapping[str, NDArray[Any]]
    seconds: float
    versions: Mapping[str, str]


def job_of(config: Any, function: Callable[..., Any] | None = None) -> Job:
    """The job of a config: a frozen dataclass of numbers, texts and lists, and the function that runs it.

    Without a function the config is a ParityConfig or a TextConfig.

    Raises:
        InputError: the config is no frozen dataclass or not plain, or the function or the class cannot be imported by name.
    """
    if not is_dataclass(config) or isinstance(config, type) or not config.__dataclass_params__.frozen:  # pyright: ignore[reportAttributeAccessIssue]
        raise InputError(f"{config!r} is no frozen dataclass; write @dataclass(frozen=True) above its class")
    kind = _kind(config, function)
    try:
        data = json.loads(json.dumps(plain(config), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{config!r} cannot be stored ({error}); use numbers, texts, lists and mappings of them"
        ) from None
    return Job(kind, data, _cost(config))


def plain(config: Any) -> dict[str, Any]:
    """A config as plain data, by its own `to_dict` where it has one."""
    return config.to_dict() if hasattr(config, "to_dict") else asdict(config)


def config_of(kind: str, data: Mapping[str, Any]) -> Any:
    """The config that plain data of a kind describe.

    Raises:
        InputError: the kind or a key is unknown, or a value outside what it may be.
    """
    cls = _imported(_places(kind)[0])
    if hasattr(cls, "from_dict"):
        return cls.from_dict(data)
    return cls(**data)


def run_job(
    job: Job, checkpoint: str | None = None, progress: Callable[[int, int | None], None] | None = None
) -> Outcome:
    """Run a job here; `checkpoint` and `progress` are handed to functions that take them."""
    function = _imported(_places(job.kind)[1])
    takes = inspect.signature(function).parameters
    given = {name: value for name, value in (("checkpoint", checkpoint), ("progress", progress)) if name in takes}
    began = time.process_time()
    result = function(config_of(job.kind, job.config), **given)
    return outcome_of(result, time.process_time() - began)


def outcome_of(result: Any, seconds: float) -> Outcome:
    """A result as plain data: an object with `arrays()`, `to_runs()` and `summary()`, or a mapping of numbers and arrays.

    Raises:
        InputError: it is neither.
    """
    if isinstance(result, Mapping):
        arrays = {name: np.asarray(value) for name, value in result.items() if np.ndim(value)}
        summary = {name: value for name, value in result.items() if name not in arrays}
        return Outcome(_jsonable(summary), None, arrays, seconds, _versions())
    if not hasattr(result, "arrays"):
        raise InputError(
            f"the function gave {type(result).__name__}; return a mapping of numbers and arrays, or an object with arrays()"
        )
    runs = result.to_runs().to_dict() if hasattr(result, "to_runs") else None
    summary = _jsonable(result.summary()) if hasattr(result, "summary") else {}
    return Outcome(summary, runs, result.arrays(), seconds, _versions())


def result_of(kind: str, data: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Any:
    """The result object that its `arrays` came from, for kinds whose results can be rebuilt."""
    config = config_of(kind, data)
    classes = {"parity": "quantal.train.parity_result:ParityResult", "text": "quantal.train.text_result:TextResult"}
    if kind not in classes:
        raise InputError(f"a result of the kind {kind!r} has only arrays; read them with Store.arrays")
    return _imported(classes[kind]).from_arrays(config, arrays)


def pack(array: NDArray[Any]) -> bytes:
    """An array as compressed bytes in NumPy's own format.

    >>> unpack(pack(np.arange(3)))
    array([0, 1, 2])
    """
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array) if array.ndim else array, allow_pickle=False)
    return zlib.compress(buffer.getbuffer(), 4)


def unpack(data: bytes) -> NDArray[Any]:
    """The inverse of `pack`.

    Raises:
        DataError: the bytes are something else.
    """
    try:
        return np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False)
    except (zlib.error, ValueError, OSError, EOFError) as error:
        raise DataError(f"a stored array is damaged ({error}); delete that run and train it again") from None


def _kind(config: Any, function: Callable[..., Any] | None) -> str:
    place = _place(type(config))
    if function is None:
        for name, (cls, _) in KINDS.items():
            if cls == place:
                return name
        raise InputError(f"{type(config).__name__} has no function of its own: write sweep(configs, function=...)")
    return f"{place} {_place(function)}"


def _place(thing: Any) -> str:
    place = f"{thing.__module__}:{thing.__qualname__}"
    if "<" in place or thing.__module__ == "__main__":
        raise InputError(f"{place} cannot be imported by worker processes; define it at the top of a module of its own")
    return place


def _places(kind: str) -> tuple[str, str]:
    if kind in KINDS:
        return KINDS[kind]
    config, _, function = kind.partition(" ")
    if ":" not in config or ":" not in function:
        raise InputError(f"there is no kind {kind!r} of run. {did_you_mean(kind, KINDS)}")
    return config, function


def _imported(place: str) -> Any:
    module, _, name = place.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _cost(config: Any) -> float:
    if hasattr(config, "cost"):
        return float(config.cost)
    if _place(type(config)) == KINDS["parity"][0]:
        work = 4e-12 * sum(net.width for net in config.nets) * (config.bits + 200) + 1.7e-8 * len(config.nets)
        return config.steps * config.batch_size * work
    return 1.0


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _jsonable(summary: Any) -> Any:
    if isinstance(summary, Mapping):
        return {str(name): _jsonable(value) for name, value in summary.items()}
    if isinstance(summary, list | tuple):
        return [_jsonable(value) for value in summary]
    if isinstance(summary, np.generic):
        return _jsonable(summary.item())
    return None if isinstance(summary, float) and summary - summary != 0 else summary

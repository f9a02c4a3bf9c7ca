"""Work aside: progress, cancel, one answer for one question, and failures that stay in their process."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from quantal.errors import DataError

pytestmark = pytest.mark.extras


def doubled(x: int, progress: Callable[..., None]) -> int:
    for i in range(3):
        progress(i + 1, 3)
        time.sleep(0.06)
    return 2 * x


def endless(progress: Callable[..., None]) -> None:
    for i in range(10_000):
        progress(i, 10_000)
        time.sleep(0.02)


def refuses(progress: Callable[..., None]) -> None:
    raise DataError("row 3: no number; write one")


def dies(progress: Callable[..., None]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hoards(progress: Callable[..., None]) -> int:
    return len(bytearray(3 * 2**30))


@pytest.fixture
def jobs() -> Iterator[Any]:
    from quantal.app.jobs import Jobs

    made = Jobs(kept=3)
    yield made
    made.close()


def ended(job: Any, seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not job.ended and time.monotonic() < until:
        job.wait(1.0)
    return job


def test_a_job_tells_its_progress_and_its_result(jobs: Any) -> None:
    seen = []
    job = jobs.start("doubling", doubled, {"x": 21}, "key", str)
    while not job.ended:
        job.wait(1.0)
        seen.append((job.done, job.total))
    assert job.to_dict() | {"id": ""} == {
        "id": "", "what": "doubling", "state": "done", "done": 3, "total": 3, "result": "42",
    }  # fmt: skip
    assert (1, 3) in seen


def test_the_same_question_is_worked_out_once(jobs: Any) -> None:
    one, again, other = (jobs.start("doubling", doubled, {"x": x}, f"{x}") for x in (1, 1, 2))
    assert one is again is not other
    assert ended(one).result == 2
    assert jobs.start("doubling", doubled, {"x": 1}, "1") is one


def test_a_cancelled_job_ends_at_once_and_can_be_asked_again(jobs: Any) -> None:
    job = jobs.start("waiting", endless, {}, "endless")
    while not job.done:
        job.wait(1.0)
    job.stop.set()
    begun = time.monotonic()
    assert ended(job).state == "cancelled"
    assert time.monotonic() - begun < 5
    again = jobs.start("waiting", endless, {}, "endless")
    assert again is not job
    again.stop.set()
    assert ended(again).state == "cancelled"


def test_work_that_another_waits_for_goes_on(jobs: Any) -> None:
    job = jobs.start("waiting", endless, {}, "endless")
    assert jobs.start("waiting", endless, {}, "endless") is job
    jobs.leave(job)
    assert not job.stop.is_set()
    jobs.leave(job)
    assert ended(job).state == "cancelled"


@pytest.mark.parametrize(("work", "words"), [(refuses, "row 3: no number; write one"), (dies, "ended with code -9")])
def test_what_goes_wrong_is_told(jobs: Any, work: Any, words: str) -> None:
    job = ended(jobs.start("failing", work, {}, words))
    assert job.state == "failed"
    assert words in job.error
    assert ended(jobs.start("doubling", doubled, {"x": 1}, "after")).result == 2


def test_bounds_of_memory_and_time_hold() -> None:
    from quantal.app.aside import Bounds, Exhausted, run_aside

    with pytest.raises(Exhausted, match="more than 1 GB of memory"):
        run_aside(hoards, {}, bounds=Bounds(memory_bytes=2**30))
    with pytest.raises(Exhausted, match=r"more than 0\.3 seconds"):
        run_aside(endless, {}, bounds=Bounds(seconds=0.3))
    assert run_aside(doubled, {"x": 3}, bounds=Bounds(2**30, 30)) == 6


def test_a_crowd_of_work_is_refused(jobs: Any) -> None:
    from quantal.app.jobs import WAITING
    from quantal.errors import QuantalError

    for i in range(WAITING):
        jobs.start("waiting", endless, {}, f"{i}")
    with pytest.raises(QuantalError, match="ask again once they have ended"):
        jobs.start("waiting", endless, {}, "one more")
    assert jobs.start("waiting", endless, {}, "3") is not None


def test_old_jobs_are_forgotten(jobs: Any) -> None:
    first = ended(jobs.start("doubling", doubled, {"x": 0}, "0"))
    for x in range(1, 4):
        ended(jobs.start("doubling", doubled, {"x": x}, f"{x}"))
    assert jobs.get(first.id) is None

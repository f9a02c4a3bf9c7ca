"""/api/jobs: watch and cancel work that runs aside."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from quantal.app.jobs import Job

router = APIRouter(prefix="/api/jobs", tags=["jobs"])
LONGEST_WAIT = 25.0


@router.get("/{identity}")
def show(request: Request, identity: str, wait: float = 0.0) -> dict[str, Any]:
    """State and progress of a job, with its result once it is done; ``wait`` holds the answer until something changes."""
    job = _found(request, identity)
    if wait > 0:
        job.wait(min(wait, LONGEST_WAIT))
    return job.to_dict()


@router.delete("/{identity}")
def cancel(request: Request, identity: str) -> dict[str, Any]:
    """Cancel a job: its process ends at once, unless somebody else who asked the same still waits for it."""
    job = _found(request, identity)
    request.app.state.jobs.leave(job)
    if job.stop.is_set():
        job.wait(2.0)
    return job.to_dict()


def _found(request: Request, identity: str) -> Job:
    job = request.app.state.jobs.get(identity)
    if job is None:
        raise HTTPException(
            404, f"there is no job {identity[:40]!r}: it was never started, or is forgotten; start it again"
        )
    return job

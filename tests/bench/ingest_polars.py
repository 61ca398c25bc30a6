#!/usr/bin/env python3
"""Ours beside polars: a CSV of ratings read, mapped and built into rows both ways, against
polars.read_csv of the same file alone. Both run in turns; the medians and their ratio are printed.

usage: ingest_polars.py BENCH_INGEST FILE.csv [RUNS]      needs polars
"""
import json
import statistics
import subprocess
import sys
import time

import polars


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    bench, path = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    polars.read_csv(path)  # the page cache is warm, for both
    ours, peer = [], []
    for _ in range(runs):
        begun = time.perf_counter()
        frame = polars.read_csv(path)
        peer.append(time.perf_counter() - begun)
        rows = frame.height
        del frame
        line = subprocess.run([bench, path], check=True, capture_output=True, text=True).stdout
        ours.append(json.loads(line)["seconds"])
    a, b = statistics.median(ours), statistics.median(peer)
    print(json.dumps({"bench": "ingest_polars", "file": path, "rows": rows, "runs": runs,
                      "seconds": a, "polars_seconds": round(b, 3), "ratio": round(a / b, 3),
                      "polars": polars.__version__, "threads": polars.thread_pool_size()}))
    print("  ours   " + " ".join(f"{s:.3f}" for s in ours), file=sys.stderr)
    print("  polars " + " ".join(f"{s:.3f}" for s in peer), file=sys.stderr)


if __name__ == "__main__":
    main()

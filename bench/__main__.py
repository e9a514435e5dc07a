"""`python -m bench`: how fast the service is, in ratios to bare measures taken in the same run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.loader import QUICK, Contents
from bench.run import Plan, announce, run


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller threads, shorter rounds")
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose name contains this")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=0, help="how often each row is measured")
    parser.add_argument(
        "--data", type=Path, help="keep the SQLite file in this folder, and use it again"
    )
    chosen = parser.parse_args()
    contents, seconds, rounds = (QUICK, 0.5, 3) if chosen.quick else (Contents(), 1.0, 5)
    rounds = chosen.rounds or rounds
    return Plan(chosen.engine, contents, seconds, rounds, chosen.only, chosen.data)


def main() -> None:
    """Exit with 1 where an aim was missed."""
    plan = _plan()
    announce(plan)
    sys.exit(0 if run(plan) else 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares two builds of the programs on the recorded command lines: README.md beside this file."""

import argparse
import difflib
import pathlib
import sys

# Nothing is left beside the sources.
sys.dont_write_bytecode = True

from cases import read_cases, run_case
from continued import SCENARIOS
from masks import without_additions

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ["evaluate", "train", "posterior", "benchmark", "reproduce", "datasets"]


def shown(before, after):
    """The lines that differ, a few of them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "old", "new", lineterm="", n=0)
    lines = [line for line in lines if not line.startswith("@@")]
    more = [f"… {len(lines) - 40} more lines"] if len(lines) > 40 else []
    return "\n".join("    " + line[:300] for line in lines[:40] + more)


def differences(before, after):
    """What differs between two observations of a case: dictionaries of texts."""
    for key in sorted(set(before) | set(after)):
        if key not in before or key not in after:
            yield f"  {key}: only with the {'new' if key in after else 'old'} programs"
        else:
            new = without_additions(before[key], after[key])
            if before[key] != new:
                yield f"  {key}:\n{shown(before[key], new)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=pathlib.Path, help="folder of the programs as they were")
    parser.add_argument("new", type=pathlib.Path, help="folder of the programs as they are")
    parser.add_argument("--fixtures", type=pathlib.Path, default=HERE.parent.parent / "Fixtures")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with TEXT in their title")
    parser.add_argument("--everything", action="store_true", help="caches of all experiments, not of the smallest alone")
    parser.add_argument("--list", action="store_true", help="print the titles of the cases and stop")
    options = parser.parse_args()
    old, new, fixtures = options.old.resolve(), options.new.resolve(), options.fixtures.resolve()
    cases = [case for case in read_cases(HERE / "command-lines.txt") if options.only in case.title]
    scenarios = [scenario for scenario in SCENARIOS if options.only in scenario.title]
    if options.list:
        print("\n".join(case.title for case in cases + scenarios))
        return
    for folder in (old, new):
        missing = [name for name in PROGRAMS if not (folder / name).is_file()]
        if missing:
            sys.exit(f"{folder} has no {', '.join(missing)}: build them with `swift build -c release`")

    changed = 0

    def report(title, found):
        nonlocal changed
        if found:
            changed += 1
            print(f"differs: {title}\n" + "\n".join(found))
        else:
            print(f"same: {title}")
        sys.stdout.flush()

    for case in cases:
        report(case.title, list(differences(run_case(case, old, fixtures, new), run_case(case, new, fixtures, new))))
    for scenario in scenarios:
        report(scenario.title, list(scenario.run(old, new, fixtures, options.everything)))
    lines = sum(len(case.lines) for case in cases)
    print(f"{lines} command lines in {len(cases)} cases, {len(scenarios)} continued jobs: {changed or 'none'} differ")
    sys.exit(1 if changed else 0)


if __name__ == "__main__":
    main()

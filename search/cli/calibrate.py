"""`python -m search calibrate`: what a raw reward is worth, fitted on the nodes of journals whose outcome is known."""

from __future__ import annotations

import argparse
from pathlib import Path

from search.calibration import METHODS, Calibration, CalibrationError, Labelled, fit, write
from search.cli.complaints import BadInput
from search.datasets import MalformedRecord
from search.datasets.records import LabelledPath
from search.datasets.registry import FORMATS, guess
from search.events import MalformedJournal, read_jsonl
from search.outcomes import OUTCOMES, Ratings, labelled_nodes, ratings_of, source_in
from search.reducer import fold


def add_calibrate_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags."""
    parser.add_argument("journals", nargs="+", metavar="JOURNAL", help="journals of `run --jsonl`")
    parser.add_argument(
        "--reward", required=True, metavar="NAME", help="the reward to calibrate, as the journals call it"
    )
    parser.add_argument("--method", choices=METHODS, default="isotonic")
    parser.add_argument("--outcome", choices=OUTCOMES, default="reachable", help="what counts as success of a node")
    parser.add_argument("--labels", metavar="FILE", help="step ratings, any format of labelled paths (outcome labels)")
    parser.add_argument("--bins", type=int, default=10, help="most quantile bins")
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where the calibration goes")


def calibrate(options: argparse.Namespace) -> int:
    """Fit, store with the data, and say what was found.

    Raises:
        BadInput: names the file or flag.
    """
    if (options.outcome == "labels") != (options.labels is not None):
        raise BadInput("--labels FILE goes with --outcome labels, and only with it")
    if options.bins < 2:
        raise BadInput(f"--bins {options.bins}: give 2 or more")
    ratings = None if options.labels is None else _ratings(options.labels)
    data: list[Labelled] = []
    hashes: set[str | None] = set()
    for path in options.journals:
        try:
            with open(path, encoding="utf-8") as stream:
                header, events = read_jsonl(stream)
            hashes.add(source_in(header, options.reward).get("weights_sha256"))
            data += labelled_nodes(header, fold(events), options.reward, options.outcome, ratings)
        except (OSError, UnicodeDecodeError, MalformedJournal, CalibrationError) as error:
            raise BadInput(f"{path}: {error}") from error
        except (KeyError, TypeError, IndexError) as error:
            raise BadInput(f"{path}: the header or an event lacks something ({error!r})") from error
    if len(hashes) > 1:
        raise BadInput(f"--reward {options.reward}: the journals were scored with different weights; fit each alone")
    try:
        fitted = fit(
            data,
            options.method,
            source=options.reward,
            weights_sha256=hashes.pop(),
            outcome=options.outcome,
            bins=options.bins,
        )
        write(fitted, data, options.journals, Path(options.output))
    except CalibrationError as error:
        raise BadInput(f"--outcome {options.outcome}: {error}") from error
    except OSError as error:
        raise BadInput(f"--output {options.output}: the file cannot be written ({error.strerror})") from error
    _report(fitted, options.output)
    return 0


def _ratings(path: str) -> Ratings:
    try:
        with open(path, "rb") as stream:
            format = guess(stream)
        if format is None or FORMATS[format].shape != "path":
            raise BadInput(f"--labels {path}: is no file of labelled paths, such as TRL stepwise supervision")
        with open(path, "rb") as stream:
            return ratings_of(path for path in FORMATS[format].read(stream) if isinstance(path, LabelledPath))
    except (OSError, MalformedRecord) as error:
        raise BadInput(f"--labels {path}: {error}") from error


def _report(fitted: Calibration, path: str) -> None:
    print(f"{fitted.labelled} labelled nodes of {fitted.source}: mean score {fitted.mean_score:.3f},", end=" ")
    print(f"share that is {fitted.outcome} {fitted.mean_outcome:.3f}")
    print("   score      p     95 % interval")
    for knot in fitted.knots:
        print(f"  {knot.score:6.3f}  {knot.p:6.3f}   {knot.low:.3f} to {knot.high:.3f}")
    print(f"written to {path}")

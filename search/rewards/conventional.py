"""From a checkpoint to its convention: which one it follows, what a header keeps of it, and its calibration."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from search.calibration import Calibration, CalibrationError, read
from search.rewards.base import RewardError
from search.rewards.checkpoint import Checkpoint
from search.rewards.convention import Convention, Conventional, context_of
from search.rewards.kinds import KINDS, RewardSettings, kind_of
from search.rewards.readout import LabelReadout, Readout, SurpriseReadout


def conventional(checkpoint: Checkpoint, settings: RewardSettings) -> tuple[str, Convention]:
    """The kind that was said, else what the architecture leaves no doubt about, and the convention loaded.

    Raises:
        RewardError: nobody says the kind, or the checkpoint is not of it.
    """
    architectures = checkpoint.config.get("architectures") or []
    kind = settings.kind or kind_of(architectures)
    if kind is None:
        raise RewardError(
            f"{checkpoint.slug}: kind: a {', '.join(architectures) or 'model without architecture'} can be a reward in"
            f" several ways; say which it is: one of {', '.join(KINDS)}."
        )
    load: Conventional = import_module(f"search.rewards.{kind}").load
    return kind, load(checkpoint, settings)


def readout_of(convention: Convention) -> Readout:
    """How scores are read off its states."""
    return SurpriseReadout() if convention.label is None else LabelReadout(convention.label)


def described(kind: str, convention: Convention) -> dict[str, Any]:
    """What a run's header keeps of a convention, JSON-ready."""
    return {
        "kind": kind,
        "grain": convention.grain,
        "convention": convention.described,
        "template": convention.template.as_dict(),
        "context": context_of(convention.model),
    }


def calibrated(slug: str, path: Path, weights_sha256: str) -> Calibration:
    """A calibration that was fitted on this very model's scores.

    Raises:
        RewardError: it cannot be read, or was fitted for other weights.
    """
    try:
        calibration = read(path)
    except CalibrationError as error:
        raise RewardError(f"{slug}: calibration: {error}") from error
    if calibration.weights_sha256 != weights_sha256:
        raise RewardError(
            f"{slug}: calibration: {path} was fitted for other weights ({calibration.source}); fit one on"
            " journals that were scored with this model."
        )
    return calibration

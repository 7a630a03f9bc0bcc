"""Where a measurement is expected: parameter draws and the noise of measuring together."""

from __future__ import annotations

import numpy as np


def predictive_interval(values: np.ndarray, sd: float) -> tuple[float, float, float]:
    """Return median, lo90 and hi90 of what would be measured.

    Parameters
    ----------
    values : ndarray, shape (draw,)
        Above 0, without noise.
    sd : float
        Standard deviation of a measurement's natural logarithm.

    Notes
    -----
    The median is that of the draws. The ends are the 5 % and the 95 % quantile of the mixture of log-normal distributions around the
    draws, so that no number rests on drawn noise.
    """
    logs = np.log(values)
    ends = np.quantile(logs, [0.05, 0.95]) if sd == 0.0 else [_quantile(logs, sd, share) for share in (0.05, 0.95)]
    return float(np.median(values)), float(np.exp(ends[0])), float(np.exp(ends[1]))


def _quantile(logs: np.ndarray, sd: float, share: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import ndtr

    wide = 10.0 * sd
    return float(brentq(lambda at: float(np.mean(ndtr((at - logs) / sd))) - share, logs.min() - wide, logs.max() + wide, xtol=1e-9))

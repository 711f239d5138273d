"""A quantile regression of a layer: from its columns to coefficients by quantile, beside the regression of the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...column_words import choice as word_of
from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import ResultTable, row_table
from ..collinearity import collinearity_warnings
from ..feature_table import FeatureTable
from ..observations import Observations, read_observations, summarise
from ..panel.regression import Term as MeanTerm
from ..panel.regression import panel_regression
from ..panel.run import blocks_of
from ..second_opinion import Opinion, disagreements
from ..second_opinion.quantiles import opinions_on_quantiles
from .checks import Check
from .regression import QuantileResult, Term, quantile_regression
from .sample import make_sample


@dataclass(frozen=True)
class QuantileChoice:
    """What is regressed on what, and how; see `quantile_regression`.

    Attributes:
        cluster: column of the clusters that the bootstrap draws.
        transforms: by column.
        second_opinion: whether statsmodels regresses the quantiles again.
        block_size: side of spatial blocks as clusters, units of the coordinates; 0 for none.
    """

    y: str
    x: tuple[str, ...]
    quantiles: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)
    method: str = "pooled"
    entity: str | None = None
    time: str | None = None
    year_dummies: bool = True
    std_error: str = "nid"
    cluster: str | None = None
    block_size: float = 0.0
    transforms: Mapping[str, str] = field(default_factory=dict)
    replications: int = 200
    seed: int = 0
    penalty: float = 1.0
    confidence: float = 0.95
    second_opinion: bool = False

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.x, self.entity, self.time, self.cluster) if name]


@dataclass(frozen=True)
class QuantileRun:
    """A result and what it was made from.

    Attributes:
        mean: coefficients of the regression of the mean on the same rows, by driver; empty where there is none.
        mean_model: its effects and errors, in words.
        opinions: of statsmodels by quantile, where asked for.
    """

    choice: QuantileChoice
    observations: Observations
    result: QuantileResult
    mean: Mapping[str, MeanTerm]
    mean_model: str
    opinions: Mapping[float, Opinion] = field(default_factory=dict)

    def terms(self) -> ResultTable:
        return row_table(Term, self.result.terms)

    def tests(self) -> ResultTable:
        return row_table(Check, self.all_tests())

    def all_tests(self) -> list[Check]:
        """The tests of the regression, and what the second opinion says of each quantile."""
        again = [Check(one.test, tau, one.statistic, None, None, one.note) for tau, one in self.opinions.items()]
        return [*self.result.tests, *again]


def run_quantile_regression(table: FeatureTable, choice: QuantileChoice, progress: Progress = QUIET) -> QuantileRun:
    """Reads the rows that can be used and regresses the quantiles.

    Raises:
        InputError, TableError: see `read_observations` and `quantile_regression`.
        Cancelled: on request.
    """
    table = table.with_roles(choice.columns())
    cluster = choice.cluster
    if choice.block_size > 0:
        if cluster:
            raise InputError(say("CLUSTER and BLOCK_SIZE are both given. Choose a field or spatial blocks."))
        cluster = say("blocks of {block_size:g}", block_size=choice.block_size)
        blocks = blocks_of(table.needed_coordinates("BLOCK_SIZE"), choice.block_size)
        table = table.with_column(cluster, blocks)
    observations = read_observations(
        table.columns,
        choice.y,
        choice.x,
        choice.entity,
        choice.time,
        [cluster] if cluster else [],
        transforms=choice.transforms,
    )
    progress.info(
        say(
            "{n} of {n_read} rows have every value. {dropped}",
            n=observations.n,
            n_read=observations.n_read,
            dropped=summarise(observations.dropped),
        )
    )
    labels = observations.times
    result = quantile_regression(
        observations.y,
        observations.x,
        observations.x_names,
        choice.quantiles,
        choice.method,
        choice.std_error if choice.method == "pooled" else "bootstrap",
        observations.entity,
        None if observations.time is None or labels is None else labels[observations.time],
        observations.groups[cluster] if cluster else None,
        choice.year_dummies,
        choice.replications,
        choice.seed,
        choice.penalty,
        choice.confidence,
        progress.part(0, 95),
    )
    for note in result.notes:
        progress.info(note)
    centred = observations.x - observations.x.mean(axis=0)
    varying = [j for j in range(centred.shape[1]) if np.any(centred[:, j])]
    names = [observations.x_names[j] for j in varying]
    for warning in (*observations.warnings, *collinearity_warnings(names, centred[:, varying])):
        progress.warn(warning)
    mean, model = _mean_regression(observations, choice, cluster, progress)
    opinions = _opinions(observations, choice, result, progress) if choice.second_opinion else {}
    for warning in disagreements(opinions.values()):
        progress.warn(warning)
    progress.set(100)
    return QuantileRun(choice, observations, result, mean, model, opinions)


def _opinions(
    observations: Observations, choice: QuantileChoice, result: QuantileResult, progress: Progress
) -> dict[float, Opinion]:
    labels, time = observations.times, observations.time
    sample = make_sample(
        observations.y,
        observations.x,
        observations.x_names,
        choice.method,
        observations.entity,
        None if time is None or labels is None else labels[time],
        None,
        choice.year_dummies,
    )
    return opinions_on_quantiles(sample, result.fits, choice.method, progress)


def _mean_regression(
    observations: Observations, choice: QuantileChoice, cluster: str | None, progress: Progress
) -> tuple[Mapping[str, MeanTerm], str]:
    """What least squares says with the effects that the quantiles have, to compare with."""
    years = choice.time is not None and choice.year_dummies
    panel = choice.method != "pooled"
    effects = {(False, False): "none", (False, True): "time", (True, False): "entity", (True, True): "twoway"}[
        panel, years
    ]
    grouped = (cluster,) if cluster else ()
    covariance = "cluster" if grouped or choice.entity else "robust"
    try:
        found = panel_regression(
            observations, effects, covariance, cluster=grouped, confidence=choice.confidence, progress=progress
        )
    except InputError:
        return {}, ""
    return {term.term: term for term in found.terms}, say(
        "effects {effects}, errors {covariance}",
        effects=word_of("EFFECTS", effects),
        covariance=word_of("COVARIANCE", covariance),
    )

"""A text in place of a number is refused by the name of the parameter; QGIS itself would read 0 or the default."""

from __future__ import annotations

import numpy as np
import pytest
from qgis.core import (
    QgsApplication,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingParameterNumber,
    QgsProperty,
)

from ecoassets.algorithms.checks.values import number_of, wrong_value
from ecoassets.algorithms.given import Given
from ecoassets.tests.algorithms.helpers import ASSETS, run
from ecoassets.tests.rasters import write_raster

NO_NUMBERS = ["1,5", "abc", "１２", "1_000", "nan", "inf", "1 000", "0x10", "1.5 ha", "  ", [1], np.int64(5)]


def every(kind):
    """Algorithm and name of every parameter of a kind."""
    found = []
    for algorithm in QgsApplication.processingRegistry().providerById("ecoassets").algorithms():
        found += [(algorithm, d) for d in algorithm.parameterDefinitions() if d.type() == kind]
    return found


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_no_number_parameter_takes_a_text(processing_ready, text):
    numbers = every("number")
    assert len(numbers) > 180
    for algorithm, definition in numbers:
        name = definition.name()
        right, why = algorithm.checkParameterValues({name: text}, QgsProcessingContext())
        assert not right and name in why, (algorithm.id(), name, why)


@pytest.mark.parametrize("text", ["no", "off", "maybe", "2"])
def test_no_flag_takes_another_word(processing_ready, text):
    for algorithm, definition in every("boolean"):
        right, why = algorithm.checkParameterValues({definition.name(): text}, QgsProcessingContext())
        assert not right and definition.name() in why, (algorithm.id(), definition.name(), why)


@pytest.mark.parametrize("value", [1.5, 12, "1.5", " 12 ", "-.5", "1e3", "", None, QgsProperty.fromExpression("1 + 1")])
def test_what_is_a_number_passes(value):
    definition = QgsProcessingParameterNumber("N", "N", QgsProcessingParameterNumber.Type.Double, None, True)
    assert wrong_value([definition], {"N": value}) is None


@pytest.mark.parametrize(
    ("value", "word"),
    [(1e308, "large"), (10**400, "large"), ("1e400", "large"), (1e-300, "small"), (float("nan"), "large")],
)
def test_a_number_that_no_quantity_reaches(value, word):
    definition = QgsProcessingParameterNumber("N", "N", QgsProcessingParameterNumber.Type.Double, None, True)
    assert word in wrong_value([definition], {"N": value})


@pytest.mark.parametrize("value", [2.5, "2.5"])
def test_a_fraction_of_a_count(value):
    definition = QgsProcessingParameterNumber("N", "N", QgsProcessingParameterNumber.Type.Integer, 1, False)
    assert "no whole number" in wrong_value([definition], {"N": value})


def test_a_decimal_comma_is_told_with_the_point(processing_ready, tmp_path):
    cover = write_raster(tmp_path / "2000.tif", [[21, 11]])
    with pytest.raises(QgsProcessingException, match=r"'1,5' has a decimal comma. Write a decimal point: 1.5 \(CAP\)"):
        run(ASSETS, {"LAND_COVER": [cover], "YEARS": "2000", "CAP": "1,5"})


def test_a_run_that_nothing_has_checked_refuses_it_too(processing_ready):
    """A model hands a child what an earlier step gave."""
    algorithm = QgsApplication.processingRegistry().algorithmById(ASSETS)
    with pytest.raises(Exception, match="CAP"):
        Given(algorithm, {"CAP": "abc"}, QgsProcessingContext())


def test_numbers_of_texts():
    assert [number_of(text) for text in ("2", "+2.50", "1e-3")] == [2, 2.5, 1e-3]
    assert {number_of(text) for text in NO_NUMBERS if isinstance(text, str)} == {None}

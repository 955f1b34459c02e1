"""The table of native algorithms."""

import inspect
from pathlib import Path

import pytest
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.instance.algorithms.reference import render
from graph_olap_server.instance.algorithms.registry import ALGORITHMS, CATEGORIES, check_parameters, find


def test_names_and_aliases_are_unique_and_found_in_any_case():
    names = [name for algorithm in ALGORITHMS for name in (algorithm.name, *algorithm.aliases)]
    assert len(names) == len(set(names))
    assert find("PageRank").name == "pagerank"
    assert find("connected_components").name == "wcc"
    assert {"pagerank", "wcc", "louvain"} <= {algorithm.name for algorithm in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_every_description_is_complete_and_fits_its_kernel(algorithm):
    info = algorithm.info()
    assert info.category in CATEGORIES.values()
    assert info.description.endswith(".")
    assert algorithm.source
    assert all(parameter.description for parameter in info.parameters)
    taken = set(inspect.signature(algorithm.kernel).parameters) - {"indptr", "indices", "weights"}
    declared = {parameter.name for parameter in algorithm.parameters} - {"weight_property"}
    assert taken == declared - algorithm.ignored
    assert ("weights" in inspect.signature(algorithm.kernel).parameters) == algorithm.weighted


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_defaults_are_valid(algorithm):
    problems = []
    effective = check_parameters(algorithm, {}, problems)
    required = [parameter.name for parameter in algorithm.parameters if parameter.required]
    assert problems == [(f"parameters.{name}", "a value is required") for name in required]
    assert effective == {parameter.name: parameter.default for parameter in algorithm.parameters}


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("pagerank", {"damping_factor": 0}, "damping_factor"),
        ("pagerank", {"damping_factor": 1}, "damping_factor"),
        ("pagerank", {"damping_factor": float("nan")}, "damping_factor"),
        ("pagerank", {"max_iterations": 1.5}, "max_iterations"),
        ("pagerank", {"max_iterations": True}, "max_iterations"),
        ("pagerank", {"max_iterations": 0}, "max_iterations"),
        ("pagerank", {"tolerance": "small"}, "tolerance"),
        ("pagerank", {"weight_property": 3}, "weight_property"),
        ("louvain", {"resolution": 0}, "resolution"),
        ("kcore", {"k": 3}, "k"),
    ],
)
def test_wrong_parameters_are_named(name, given, field):
    problems = []
    check_parameters(find(name), given, problems)
    assert [path for path, _ in problems] == [f"parameters.{field}"]


def test_unknown_names_get_suggestions():
    with pytest.raises(PlatformError) as failure:
        find("louvian")
    assert failure.value.code == "ALGORITHM_NOT_FOUND"
    assert failure.value.details["suggestions"] == ["louvain"]


def test_the_reference_page_is_up_to_date():
    page = Path(__file__).parents[5] / "docs" / "reference" / "algorithms.md"
    assert page.read_text() == render(), f"run python -m graph_olap_server.instance.algorithms.reference {page}"

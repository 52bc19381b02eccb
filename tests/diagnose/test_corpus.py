"""How often an answer is right, on queries that were labelled by somebody else."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from remediate.diagnose.matching import Matcher

CORPUS = Path(__file__).parent / "corpus"
LEAST = {"tuning": (0.98, 0.95)}
"""How much of what is answered is right, and how much of what is labelled is answered so."""


def queries(*names: str) -> list[dict[str, Any]]:
    texts = ((CORPUS / f"{name}.yaml").read_text(encoding="utf-8") for name in names)
    return [query for text in texts for query in yaml.load(text, yaml.CSafeLoader)]


def labels(query: dict[str, Any]) -> list[str]:
    label = query["label"]
    return label if isinstance(label, list) else [label] if label else []


@pytest.mark.parametrize("name", LEAST)
def test_answers_are_right_and_few_are_missing(
    matcher: Matcher, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hit is the labelled cause in first place."""
    counts: Counter[str] = Counter()
    for query in queries(name):
        found = [match.entry.id for match in matcher.match(query["query"]) if match.known]
        right = labels(query)
        counts["labelled"] += bool(right)
        counts["answered"] += bool(found)
        counts["right"] += bool(found) and found[0] in right
    precision = counts["right"] / counts["answered"]
    recall = counts["right"] / counts["labelled"]
    with capsys.disabled():
        print(f"\n{name}: {dict(counts)}, {precision=:.4f}, {recall=:.4f}")  # noqa: T201
    least_precision, least_recall = LEAST[name]
    assert precision >= least_precision
    assert recall >= least_recall


def test_the_corpus_is_large_and_has_what_must_not_match() -> None:
    everything = queries(*LEAST)
    assert len(everything) >= 400
    assert sum(not labels(query) for query in everything) >= 130


def test_every_label_is_a_cause(matcher: Matcher) -> None:
    known = set(matcher._entries)
    assert {label for query in queries(*LEAST) for label in labels(query)} <= known

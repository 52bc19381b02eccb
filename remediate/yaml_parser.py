"""The parser of all YAML that people write: a file is read by every command, or by none."""

from typing import Any, Final

import yaml

PARSER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""That of libyaml, where PyYAML has it: it is faster, and takes a tab behind a value.

PyYAML's own, which there is without libyaml, refuses that, as in `user: ada<tab># old`.
"""


def load(text: str) -> Any:  # noqa: ANN401 - whatever stands there
    """What a document says, as YAML's own types.

    Raises:
        yaml.YAMLError: it is none.
    """
    return yaml.load(text, PARSER)  # noqa: S506 - a safe one

"""Entry points of packages that are whole."""

from pathlib import Path

import pytest

from remediate.packages import entry_points

GROUP = "remediate.made-up"


def leave(site: Path, folder: str, points: str, name: str = "Name: contoso-fixes\n") -> None:
    """Leave what an installer notes of contoso-fixes."""
    place = site / folder
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\n{name}Version: 1\n")
    (place / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")


@pytest.mark.parametrize("installed", ["", "fix = contoso.fix\nnew = contoso.new\n"])
def test_what_pip_has_half_removed_brings_nothing(
    installed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves such a folder where it is interrupted, or a file is in use."""
    leave(tmp_path, "~ontoso_fixes-1.dist-info", "fix = contoso.fix\nold = contoso.old\n")
    leave(tmp_path, "~ontoso_fixes-0.dist-info", "older = contoso.older\n", name="")
    if installed:
        leave(tmp_path, "contoso_fixes-2.dist-info", installed)
    monkeypatch.syspath_prepend(str(tmp_path))
    names = sorted(point.name for point in entry_points(group=GROUP))
    assert names == (["fix", "new"] if installed else [])

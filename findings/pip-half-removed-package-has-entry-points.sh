#!/usr/bin/env bash
# pip 26.3, keyrings.alt 5.0.2 as the package that is half removed, Python 3.11.
#
# A good guess: what pip does not know as installed brings no entry points any more. While it takes a
# package out, or puts a newer one in its place, pip gives its folders names that begin with ~; when that
# is interrupted (on Windows a file in use is enough) they stay, and pip says from then on that it
# ignores an incompletely removed distribution.
# What happens: importlib.metadata reads such a folder as that of another package. The entry points of
# the old version are listed beside those of the new one, or after it was removed; both say that they
# are of a package of the same name. So a plugin is there twice, or one that leads nowhere. Asked for by
# its name, the package is the new one, or not there.
#
# Seen (of the package of which an older one was half removed, and after that was removed itself):
#                                      beside the new one     alone
#   pip list                           5.0.2, and a warning   nothing, and a warning
#   importlib.metadata.version()       5.0.2                  not found
#   entry points of keyring.backends   6 twice                6
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
python="$place/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check pip==26.3 keyrings.alt==5.0.2
site=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r "$site/keyrings.alt-5.0.2.dist-info" "$site/~eyrings.alt-5.0.2.dist-info" # as pip names it
asked() {
    local version=none warned=silent
    version=$("$python" -m pip list --format freeze 2> "$place/said" | sed -n "s/^keyrings.alt==//p") || true
    grep -q 'Ignoring incompletely removed distribution ~eyrings' "$place/said" && warned=warned
    echo "pip: ${version:-none} $warned"
    "$python" - <<'PYTHON'
from importlib.metadata import PackageNotFoundError, entry_points, version

try:
    print("version():", version("keyrings.alt"))
except PackageNotFoundError:
    print("version(): none")
points = [point for point in entry_points(group="keyring.backends") if point.dist.name == "keyrings.alt"]
print("entry points:", len(points), "of", len({point.name for point in points}), "names")
PYTHON
}
seen=$(asked)
"$python" -m pip uninstall --quiet --yes keyrings.alt 2> /dev/null
seen="$seen
$(asked)"
echo "$seen"
[ "$seen" = "pip: 5.0.2 warned
version(): 5.0.2
entry points: 12 of 6 names
pip: none warned
version(): none
entry points: 6 of 6 names" ]

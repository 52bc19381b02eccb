"""Writes the pages of the playbooks. Run as: python -m tests.docs"""

from tests.docs.pages import ROOT, write

if __name__ == "__main__":
    for path in write():
        print(path.relative_to(ROOT))  # noqa: T201 - what it did

"""Writes the pages of playbooks and resources, and the schemas. Run as: python -m tests.docs"""

from tests.docs import pages, schemas

if __name__ == "__main__":
    for path in [*pages.write(), *schemas.write()]:
        print(path.relative_to(pages.ROOT))  # noqa: T201 - what it did

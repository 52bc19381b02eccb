"""Writes the pages, the schemas and the catalogue of causes. Run as: python -m tests.docs"""

from tests.docs import causes, pages, schemas

if __name__ == "__main__":
    for path in [*causes.write(), *pages.write(), *schemas.write()]:
        print(path.relative_to(pages.ROOT))  # noqa: T201 - what it did

"""Writes the pages, the schemas and the README's picture. Run as: python -m tests.docs"""

from tests.docs import causes, pages, picture, schemas, shipped

if __name__ == "__main__":
    written = [
        *causes.write(),
        *shipped.write(),
        *pages.write(),
        *picture.write(),
        *schemas.write(),
    ]
    for path in written:
        print(path.relative_to(pages.ROOT))  # noqa: T201 - what it did

"""Runs the stories and writes what they print now. Run as: python -m tests.examples"""

from tests.examples.stories import EXAMPLES, settled, stories, tell

if __name__ == "__main__":
    for story in stories():
        old, new = story.read_text(encoding="utf-8"), tell(story).text
        if settled(old) != settled(new):
            story.write_text(new, encoding="utf-8", newline="\n")
            print(story.relative_to(EXAMPLES.parent))  # noqa: T201 - what it did

"""What `book/trouble.md` says, as data: the table of faults, which the tests provoke one by one."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).resolve().parents[1] / "book" / "trouble.md"


class Entry(NamedTuple):
    """One fault. `sentence` is what the program prints, with a “…” for what differs, or "" if it prints nothing."""

    group: str
    symptom: str
    sentence: str
    cause: str
    cure: str

    def shows_in(self, text: str) -> bool:
        parts = (re.escape(part).replace(r"\ ", r"\s+") for part in self.sentence.split("…"))
        return re.search(".*?".join(parts), text, re.DOTALL) is not None


@cache
def entries() -> dict[str, Entry]:
    """Every entry of the page, by its symptom."""
    found = {}
    _, *groups = re.split(r"^## ", PAGE.read_text("utf8"), flags=re.MULTILINE)
    for group in groups:
        heading, *parts = re.split(r"^### ", group, flags=re.MULTILINE)
        for part in parts:
            symptom, rest = part.split("\n", 1)
            quoted = re.search(r"^> (`+)(.+)\1$", rest, re.MULTILINE)
            cause, cure = rest[quoted.end() if quoted else 0 :].split("**What to do**: ")
            sentence = quoted[2].strip() if quoted else ""
            found[symptom] = Entry(heading.strip(), symptom, sentence, cause.strip(), cure.strip())
    return found

"""What may differ between two runs of one program: times, folders, and the room in memory and on the disk."""

import re

DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?( UTC|Z)?")
JSON_SECONDS = re.compile(r'("seconds": ?)[0-9.e+-]+')
MEMORY_IN_USE = re.compile(r"--memory-limit by at least \d+ MB")
TABLE_SECONDS = re.compile(r" +\d+\.\d s$", re.MULTILINE)
CONNECTION_TIME = re.compile(r"after \d+ ms")
DISK_SPACE = re.compile(r"the disk has \d+ MB")
TABLE_HEADER = re.compile(r" +time$", re.MULTILINE)


# Keys that the JSON of `evaluate` has, and did not have in programs before.
ADDED_KEYS = ("processor", "products")


def without_additions(before, after):
    """The text of the new programs without the keys that the old ones did not write yet."""
    for key in ADDED_KEYS:
        if f'\n  "{key}": ' not in before:
            after = re.sub(rf'\n  "{key}": (\[\n(    .*\n)*  \]|.*),(?=\n)', "", after)
    return after


def mask(text, folder, programs, fixtures):
    """The text without the names of this run's folders and without times."""
    for path, name in ((folder, "FOLDER"), (programs, "PROGRAMS"), (fixtures, "FIXTURES")):
        text = text.replace(str(path), name)
    text = DATE.sub("DATE", text)
    text = JSON_SECONDS.sub(r"\1SECONDS", text)
    text = MEMORY_IN_USE.sub("--memory-limit by at least SPACE", text)
    text = TABLE_SECONDS.sub(" SECONDS", text)
    text = TABLE_HEADER.sub(" time", text)
    text = CONNECTION_TIME.sub("after TIME", text)
    text = DISK_SPACE.sub("the disk has SPACE", text)
    return mask_column(text, "seconds")


def mask_column(text, column):
    """A table of comma-separated values whose header has the column, without its numbers."""
    lines = text.split("\n")
    header = lines[0].split(",")
    if column not in header:
        return text
    before = header.index(column)
    masked = [lines[0]]
    for line in lines[1:]:
        fields = re.findall(r'"(?:[^"]|"")*"|[^,]+|(?<=,)(?=,|$)|^(?=,)', line)
        if len(fields) == len(header):
            fields[before] = "SECONDS"
            line = ",".join(fields)
        masked.append(line)
    return "\n".join(masked)

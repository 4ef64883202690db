"""The measured sections of Docs/performance.md: one for each processor, between HTML comments that name it."""
import platform
import re

SECTION = re.compile(r"<!-- measured: begin (?P<key>[^\n]*?) -->\n.*?<!-- measured: end -->\n", re.DOTALL)

# What "AMD EPYC" may be: family, and the models from which on a name holds.
GENERATIONS = {
    ("AuthenticAMD", 23): [(0x00, "Zen 1"), (0x30, "Zen 2")],
    ("AuthenticAMD", 25): [(0x00, "Zen 3"), (0x10, "Zen 4"), (0x20, "Zen 3"), (0x60, "Zen 4")],
    ("AuthenticAMD", 26): [(0x00, "Zen 5")],
    ("GenuineIntel", 6): [
        (79, "Broadwell"), (80, ""), (85, "Skylake or Cascade Lake"), (86, ""), (106, "Ice Lake"), (109, ""), (143, "Sapphire Rapids"),
        (144, ""), (173, "Granite Rapids"), (175, ""), (207, "Emerald Rapids"), (208, "")],
}


def processor(cpuinfo):
    """The processor's name, with its generation where the name does not say it.

    >>> text = "vendor_id\\t: AuthenticAMD\\ncpu family\\t: {}\\nmodel\\t\\t: {}\\nmodel name\\t: AMD EPYC\\n"
    >>> processor(text.format(25, 17)), processor(text.format(26, 2))
    ('AMD EPYC, Zen 4', 'AMD EPYC, Zen 5')
    >>> processor(text.format(25, 1)), processor(text.format(27, 3))
    ('AMD EPYC, Zen 3', 'AMD EPYC, family 27 model 3')
    >>> processor("") == (platform.processor() or platform.machine())
    True
    """
    fields = dict(re.findall(r"^([a-z_ ]+?)\s*: (.*)$", cpuinfo, re.MULTILINE))
    if "model name" not in fields:
        return platform.processor() or platform.machine()
    family, model = int(fields.get("cpu family", -1)), int(fields.get("model", -1))
    known = [name for first, name in GENERATIONS.get((fields.get("vendor_id"), family), []) if first <= model]
    return f"{fields['model name'].strip()}, " + ((known and known[-1]) or f"family {family} model {model}")


def key(name, library, threads):
    """What tells one section from another: the processor, the instructions that the kernels use, and the threads.

    >>> key("AMD EPYC, Zen 4", "oneDNN 2.6.3 (AVX-512, native bfloat16)", 2)
    'AMD EPYC, Zen 4; AVX-512, native bfloat16; 2 threads'
    >>> key("AMD EPYC, Zen 4", "portable kernels, slow: forced by ROBUSTNESS_KERNELS", 1)
    'AMD EPYC, Zen 4; portable kernels; 1 thread'
    """
    instructions = re.search(r"\((.*)\)", library)
    return f"{name}; {instructions.group(1) if instructions else 'portable kernels'}; {threads} thread{'' if threads == 1 else 's'}"


def put(page, key, text):
    """The page with the text as the section of that key: in place of the one it has, else behind all others.

    >>> page = put(put("# Page\\n<!-- measured: begin A -->\\n### A\\n\\nold\\n<!-- measured: end -->\\nrest\\n", "B", "1"), "B", "2")
    >>> print(put(page, "A", "new"), end="")
    # Page
    <!-- measured: begin A -->
    ### A
    <BLANKLINE>
    new
    <!-- measured: end -->
    <BLANKLINE>
    <!-- measured: begin B -->
    ### B
    <BLANKLINE>
    2
    <!-- measured: end -->
    rest
    >>> put("# Page without sections\\n", "A", "1")
    Traceback (most recent call last):
    ValueError: the page has no measured section that this one could stand behind
    """
    section = f"<!-- measured: begin {key} -->\n### {key}\n\n{text}\n<!-- measured: end -->\n"
    found = list(SECTION.finditer(page))
    if not found:
        raise ValueError("the page has no measured section that this one could stand behind")
    for match in found:
        if match["key"] == key:
            return page[:match.start()] + section + page[match.end():]
    end = found[-1].end()
    return page[:end] + "\n" + section + page[end:]


if __name__ == "__main__":
    import doctest

    raise SystemExit(doctest.testmod().failed > 0)

#!/usr/bin/env python3
"""Records what the reference implementation answers to the programs beside this script.

    python3 -m venv reference && reference/bin/pip install hyperon==0.2.10
    reference/bin/python record.py [PROGRAM.metta ...]

Runs each program form by form, going on after errors, and writes NAME.reference: a line for each `!`, the list of its
results as an expression. Fresh variables are renumbered, so that recording again changes nothing.
"""

import re
import sys
from importlib.metadata import version
from pathlib import Path

from hyperon import Environment, ExpressionAtom, GroundedAtom, MeTTa, SymbolAtom

REFERENCE = "0.2.10"
FOLDER = Path(__file__).resolve().parent
TOKEN = re.compile(r';[^\n]*|"(?:\\.|[^"\\])*"|[()]|!(?=[\s(])|[^\s()";]+')


def forms(source):
    """Yields the text of each top-level form; that of an evaluated one begins with `!`."""
    start, depth = None, 0
    for token in TOKEN.finditer(source):
        text = token.group()
        if text.startswith(";"):
            continue
        start = token.start() if start is None else start
        depth += {"(": 1, ")": -1}.get(text, 0)
        if depth == 0 and text != "!":
            yield source[start : token.end()]
            start = None


def renumber(line):
    """Replaces the suffixes of fresh variables by numbers in order of occurrence."""
    numbers = {}
    return re.sub(r"#(\d+)", lambda found: f"#{numbers.setdefault(found.group(1), len(numbers) + 1)}", line)


SPECIAL = {"inf": "+inf.0", "-inf": "-inf.0", "NaN": "+nan.0", "ModuleSpace(GroundingSpace-top)": "&self"}


def printed(atom):
    """Returns the text of an atom as pleach reads it: its words for special values, quotes around unusual symbols."""
    if isinstance(atom, ExpressionAtom):
        return f"({' '.join(map(printed, atom.get_children()))})"
    text = str(atom)
    if isinstance(atom, GroundedAtom):
        return SPECIAL.get(text, text)
    unusual = isinstance(atom, SymbolAtom) and re.search(r'[\s()";]', text)
    return f"#{quoted(text)}" if unusual else text


def quoted(text):
    """Returns a string literal."""
    for character, escape in [("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r")]:
        text = text.replace(character, escape)
    return f'"{text}"'


def answers(metta, form):
    """Returns the results of a form as the text of an expression; an exception is the expression `(raised MESSAGE)`."""
    try:
        results = metta.run(form)
    except Exception as error:
        return f"(raised {quoted(str(error))})"
    if form.startswith("!") and not results:
        sys.exit(f"the reference reads {form} as an atom to add")
    return f"({' '.join(map(printed, results[0]))})" if results else "()"


def record(program):
    """Writes the results of a program beside it."""
    metta = MeTTa(env_builder=Environment.custom_env(working_dir=str(program.parent), is_test=True))
    lines = []
    for form in forms(program.read_text()):
        line = answers(metta, form)
        if form.startswith("!"):
            lines.append(f"{renumber(line)}\n")
    program.with_suffix(".reference").write_text("".join(lines))


def main():
    if version("hyperon") != REFERENCE:
        sys.exit(f"this records hyperon {REFERENCE}, not {version('hyperon')}")
    for program in [Path(name).resolve() for name in sys.argv[1:]] or sorted(FOLDER.glob("*/*.metta")):
        record(program)


if __name__ == "__main__":
    main()

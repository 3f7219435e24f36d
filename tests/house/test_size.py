"""A function fits on a screen, a file has one subject."""

from pathlib import Path

from tests.house.tree import ROOT, functions, plant, sources

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50


def too_long(root: Path) -> list[str]:
    """List files and functions that are longer than the house allows."""
    found = []
    for source in sources(root):
        lines = source.text.count("\n")
        if lines > FILE_LINES_MAX:
            found.append(source.says(FILE_LINES_MAX, f"the file has {lines} lines, {FILE_LINES_MAX} are allowed"))
        for function in functions(source):
            size = (function.end_lineno or function.lineno) - function.lineno + 1
            if size > FUNCTION_LINES_MAX:
                found.append(source.says(function.lineno, f"{function.name} has {size} lines, 50 are allowed"))
    return found


def test_nothing_is_too_long():
    assert too_long(ROOT) == []


def test_a_long_function_is_found(tmp_path):
    plant(tmp_path, "server/mains_server/a.py", "def long():\n" + "    pass\n" * 50)

    assert too_long(tmp_path) == ["server/mains_server/a.py:1: long has 51 lines, 50 are allowed"]


def test_a_long_file_is_found(tmp_path):
    plant(tmp_path, "server/mains_server/a.py", "a = 1\n" * 401)

    assert too_long(tmp_path) == ["server/mains_server/a.py:400: the file has 401 lines, 400 are allowed"]

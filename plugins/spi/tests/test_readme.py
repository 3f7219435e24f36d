"""The worked example of the README runs."""

from __future__ import annotations

import re
from pathlib import Path


def test_the_worked_example_runs():
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")

    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)

    exec(compile(example, "README.md", "exec"), {})

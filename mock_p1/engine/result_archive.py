"""The archive behind ``download_url``: the same seed gives the same bytes on every machine.

What the real file holds is not stated; a ZIP with the three files that the desktop edition's
training writes is assumed. Numbers come from ``random.Random.random``, whose sequence Python
guarantees, and the archive is stored, not compressed, because compressors differ from machine to
machine.
"""

from __future__ import annotations

import io
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Row = Sequence[str | int | float]

FILE_NAME: Final = "result.zip"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LABELS: Final = ("no", "yes")
_TEST_SHARE: Final = 0.2


@lru_cache(maxsize=4)
def archive(seed: int, rows: int) -> bytes:
    """Return a ZIP: metrics.csv, analysis_summary.csv, ``rows`` rows of evaluation_raw_data.csv."""
    import zipfile  # noqa: PLC0415 -- takes long to load, and most mocks make no result

    random = Random(seed)  # noqa: S311 -- invented results, not secrets
    raw = [_prediction(random, number) for number in range(1, rows + 1)]
    hits = sum(row[1] == row[2] for row in raw)
    accuracy = round(hits / rows, 4)
    files: dict[str, list[Row]] = {
        "metrics.csv": [
            ("metric", "value"),
            ("accuracy", accuracy),
            ("auc", round(0.5 + accuracy / 2, 4)),
            ("evaluated_rows", rows),
        ],
        "analysis_summary.csv": [
            ("item", "value"),
            ("training_rows", round(rows / _TEST_SHARE) - rows),
            ("evaluation_rows", rows),
            ("training_seconds", 60 + int(random.random() * 7200)),
        ],
        "evaluation_raw_data.csv": [("row", "actual", "predicted", "probability"), *raw],
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as result:
        for name, lines in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # zipfile would write the machine's own
            entry.external_attr = 0o644 << 16
            result.writestr(entry, _csv(lines))
    return packed.getvalue()


def _prediction(random: Random, number: int) -> tuple[int, str, str, float]:
    probability = random.random()
    actual = _LABELS[random.random() < probability]
    return number, actual, _LABELS[probability >= 0.5], round(probability, 4)  # noqa: PLR2004 -- the even chance


def _csv(lines: Iterable[Row]) -> str:
    import csv  # noqa: PLC0415 -- likewise

    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue()

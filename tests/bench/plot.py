"""Draws results.json: a chart for each group of steps, wall time as a share of restic's.

usage: plot.py RESULTS.json CHART.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes

ROW = 0.24  # inches
COLOURS = {
    "sapdr": "#0b6e4f",
    "sapdr-unproven": "#4fb286",
    "sapdr-tensor": "#a3d9b1",
    "restic": "#4a4e69",
    "restic-new": "#8d99ae",
    "rustic": "#c1666b",
    "kopia": "#e0a458",
    "borg": "#7d6b91",
}
WIDEST = 2.0  # times restic's; a longer bar is cut, its figure tells the rest

Row = dict[str, Any]


def draw(axes: Axes, group: str, rows: list[Row]) -> None:
    """Steps from top to bottom, the tools of a step side by side."""
    at, ticks = 0.0, {}
    for title in dict.fromkeys(row["title"] for row in rows):
        own = [row for row in rows if row["title"] == title]
        ticks[title] = at + (len(own) - 1) / 2
        for row in own:
            draw_row(axes, at, row)
            at += 1
        at += 1
    axes.set_yticks(list(ticks.values()), list(ticks))
    axes.set_ylim(at - 1, -1)
    axes.set_xlim(0, min(WIDEST, max(row["ratio"]["max"] for row in rows)) * 1.4)
    axes.axvline(1, color=COLOURS["restic"], linewidth=0.8, linestyle=":")
    axes.set_title(group, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)


def draw_row(axes: Axes, at: float, row: Row) -> None:
    ratio, tool = row["ratio"], row["tool"]
    shown = min(ratio["median"], WIDEST)
    axes.barh(at, shown, height=0.85, color=COLOURS.get(tool, "grey"))
    if ratio["max"] <= WIDEST:
        axes.hlines(at, ratio["min"], ratio["max"], color="black", linewidth=0.8)
    if row["bar"]:
        axes.vlines(row["bar"]["must"], at - 0.6, at + 0.6, color="#d00000", linewidth=1.6)
    beside = max(shown, min(ratio["max"], WIDEST), row["bar"]["must"] if row["bar"] else 0)
    text = f" {tool} {ratio['median']:.2f} ({row['wall']:.2f} s)"
    axes.text(beside + 0.01, at, text, va="center", fontsize=7)


def main(results: str, chart: str) -> None:
    found = json.loads(Path(results).read_text())
    rows = [row for row in found["rows"] if row["ratio"]]
    groups = list(dict.fromkeys(row["group"] for row in rows))
    if not groups:
        raise SystemExit("plot.py: nothing to draw: restic did no step")
    heights = [
        sum(row["group"] == group for row in rows)
        + len({row["step"] for row in rows if row["group"] == group})
        + 3
        for group in groups
    ]
    pyplot.rcParams.update({"font.size": 8, "svg.hashsalt": "sapdr", "svg.fonttype": "none"})
    figure, axes = pyplot.subplots(
        len(groups),
        1,
        figsize=(9, ROW * sum(heights) + 0.6),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for one, group in zip(axes[:, 0], groups, strict=True):
        draw(one, group, [row for row in rows if row["group"] == group])
    axes[-1, 0].set_xlabel(
        f"wall time, restic = 1; medians of {found['rounds']} rounds, lines: min to max, red: must"
    )
    figure.savefig(chart, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])

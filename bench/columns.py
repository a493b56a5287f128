"""The figures of the suite as lines of cells, for the terminal and for docs/PERFORMANCE.md."""

# Columns: figure, heading, how it is shown.
COLUMNS = [
    ("per_second", "events/s", "{:,.0f}"), ("spread", "spread", "{:.0%}"), ("cpu_us", "CPU us/event", "{:.1f}"), ("peak_rss_mib", "peak MiB", "{:.0f}"),
    ("bytes_per_event", "bytes/event", "{:,.0f}"), ("rate", "load/s", "{:,.0f}"), ("p50_ms", "p50 ms", "{:.2f}"), ("p99_ms", "p99 ms", "{:.2f}"),
    ("p99.9_ms", "p99.9 ms", "{:.2f}"), ("inside_p50_ms", "inside p50 ms", "{:.2f}"), ("inside_p99_ms", "inside p99 ms", "{:.2f}"), ("producer_behind_ms", "producer late ms", "{:.1f}"),
    ("first_seconds", "first s", "{:.2f}"), ("ready_seconds", "ready s", "{:.2f}"),
]


def figures(rows):
    """A head and a line for each case, without columns that none of them has."""
    present = [column for column in COLUMNS if any(row.get(column[0]) is not None for row in rows)]
    lines = [("", *(heading for _, heading, _ in present))]
    for row in rows:
        lines.append((row["case"], *(style.format(row[figure]) if row.get(figure) is not None else "" for figure, _, style in present)))
    return lines


def aims(judged):
    """A head and a line for each aim that was measured."""
    lines = [("aim", "measured", "rounds", "wanted", "")]
    for aim in judged:
        if aim["value"] is not None:
            lines.append((
                aim["what"], f"{aim['value']:.2f}", f"{aim['lowest']:.2f} to {aim['highest']:.2f}", bound(aim), "reached" if aim["reached"] else "MISSED"))
    return lines


def bound(aim):
    return f"≥ {aim['at_least']:g}" if aim["at_least"] is not None else f"≤ {aim['at_most']:g}"

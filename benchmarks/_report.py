# SPDX-License-Identifier: BSD-3-Clause
"""From measured rows to text: a line, docs/performance.md, the README's table."""

import re
import statistics

import cases

METHOD = """\
Everybody runs in one process, in rounds: each round calls every contender once, at
least 20 rounds or the seconds named below, after a warm-up. The table gives the least
time of each and the median of the ratios within the rounds. Our result is compared with
the reference's, element by element, before anything is timed. The number of
threads is set for everyone; scikit-image uses one whatever is set. Page faults are
those of one of our calls. Rows that we lose stay in the table.

Inputs: scikit-image's `camera` and other photographs, continued by mirroring to the
size; drawn pictures where a row says so. Our functions are called as a drop-in
(fresh result); `synthesize_matrix` with `out=`.

Peers: **scikit-image** is the reference, whose result ours equals. **rewrite** is what
a skilled user can write today: loops in numba, with OpenCV's filters and SciPy's
transforms where those are faster. **OpenCV + NumPy** is the same without numba. Both
give the reference's result, which is checked before they are timed: exactly, or where
they sum in another order within 1e-8 (float32: 1e-5; quotients of small numbers: 1e-2).
Rows that they do not cover, like some volumes, have none. A name of OpenCV alone is
the same job by another definition: `GaussianBlur` and `cv2.Canny` with the same
thresholds, whose edges are counted as are those of canny's rewrite that differ;
`cv2.cornerHarris`, with boxes for the Gaussian; `cv2` FAST, which finds corners
without a response; `cv2.BFMatcher` and products of matrices, which match numbers
without float64's last places; `cv2.matchTemplate`, which sums in float32. For
`synthesize_matrix` the limits are a copy that moves as many bytes (read and written
together), with ordinary and with non-temporal stores, by as many threads.
"""


def number(value):
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def time_of(milliseconds):
    if milliseconds < 0.1:
        return f"{milliseconds * 1e3:.1f} µs"
    return f"{number(milliseconds)} ms"


def peer_text(peer):
    """Time, ratio and, for another definition, how far the results are apart."""
    text = f"{time_of(peer['milliseconds'])} ({number(peer['ratio'])}x)"
    if "differ" in peer:
        text += f", {peer['edges']} edges, {peer['differ']} differ"
    if "points" in peer:
        text += f", {peer['points']} points"
    return text


def line(result):
    rivals = [f"{name} {peer_text(peer)}" for name, peer in result["peers"].items()]
    edges = f", {result['edges']} edges" if result["edges"] is not None else ""
    return (
        f"{result['case']} {result['row']}, {result['threads']} threads: "
        f"{time_of(result['milliseconds'])}{edges}, {result['faults']:.0f} faults; "
        + "; ".join(rivals)
    )


def table(results):
    """One Markdown table for the rows of one Case and one number of threads."""
    names = list(dict.fromkeys(name for r in results for name in r["peers"]))
    heads = ["input", "feature", *names, "page faults"]
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
    for result in results:
        cells = [result["row"], time_of(result["milliseconds"])]
        for name in names:
            peer = result["peers"].get(name)
            cells.append(peer_text(peer) if peer else "-")
        cells.append(f"{result['faults']:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def groups(results):
    """{(case, threads): rows} in the order of the run."""
    found = {}
    for result in results:
        found.setdefault((result["case"], result["threads"]), []).append(result)
    return found


def lost(results):
    """Rows in which somebody was faster; the limits of memory are no rivals."""
    return [
        f"- {r['case']} {r['row']}, {r['threads']} threads: {name} "
        f"({number(peer['ratio'])}x)"
        for r in results
        for name, peer in r["peers"].items()
        if peer["ratio"] < 1 and not name.endswith("copy")
    ]


def bandwidth(results):
    """Lines that compare our bytes per second with those of copies."""
    for r in results:
        for name, peer in r["peers"].items():
            if name.endswith("copy"):
                share = f"{peer['ratio'] * 100:.0f} %"
                yield (
                    f"- {r['row']}, {r['threads']} threads: {share} of the bytes per "
                    f"second of a {name}"
                )


def markdown(measured):
    parts = ["# Performance", "Written by `make bench` with `--write`.", METHOD]
    parts += ["## Machine", "| what | value |\n| --- | --- |\n" + "\n".join(
        f"| {key} | {value} |" for key, value in measured["header"].items()
    )]
    for (case, threads), rows in groups(measured["results"]).items():
        plural = "s" if threads > 1 else ""
        parts += [f"## {case}, {threads} thread{plural}", table(rows)]
    limits = list(bandwidth(measured["results"]))
    if limits:
        parts += ["## Against the limit of memory", "\n".join(limits)]
    behind = lost(measured["results"]) or ["None."]
    parts += ["## Rows that somebody else wins", "\n".join(behind)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


# ------------------------------------------------------------------- the README


def geometric(values):
    return statistics.geometric_mean(values)


def family_row(family, results):
    """Speed and parity of one family that exists."""
    of_family = [case for case in cases.CASES if case.family == family]
    names = ", ".join(f"`{case.name}`" for case in of_family)
    rows = [r for r in results if r["family"] == family]
    speed = []
    for threads in (1, 2):
        ratios = [
            r["peers"][r["reference"]]["ratio"] for r in rows if r["threads"] == threads
        ]
        low, high = number(min(ratios)), number(max(ratios))
        speed.append(f"{number(geometric(ratios))}x ({low} to {high})")
    same = "close" if any(case.tolerance for case in of_family) else "identical"
    same = of_family[0].agreement or same
    calls = sum(case.random_calls for case in of_family)
    parity = f"{same} in {calls} random calls a run"
    return f"| {family} | {names} | {speed[0]} | {speed[1]} | {parity} |"


def readme_table(measured):
    heads = ["family", "names", "one thread", "two threads", "same result"]
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
    families = dict.fromkeys(case.family for case in cases.CASES if not case.formula)
    lines += [family_row(family, measured["results"]) for family in families]
    head = measured["header"]
    return (
        "How many times as fast as scikit-image 0.26.0, geometric mean and range over "
        "the rows of [docs/performance.md](docs/performance.md)\n"
        f"({head['processor']}, {head['date'][:10]}):\n\n" + "\n".join(lines)
    )


def write(measured, root):
    (root / "docs").mkdir(exist_ok=True)
    (root / "docs" / "performance.md").write_text(markdown(measured))
    readme = root / "README.md"
    begin, end = "<!-- benchmark:begin -->", "<!-- benchmark:end -->"
    text = readme.read_text()
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"README.md has no {begin} and {end}")
    block = f"{begin}\n{readme_table(measured)}\n{end}"
    readme.write_text(pattern.sub(lambda match: block, text))

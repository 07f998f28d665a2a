#!/usr/bin/env python3
"""raw.tsv of compare.sh to a table (Markdown) and a plot (SVG).

summary.py RAW ABOUT OUT.md OUT.svg
"""
import csv
import math
import statistics
import sys

SUBJECTS = [
    ("floor", "floor: one P-256 verification, one signature"),
    ("http", "ms_ssl_server, HTTP"),
    ("mqtt", "ms_ssl_server, MQTT"),
    ("cfssl", "cfssl, HTTP"),
    ("x509", "openssl x509 -req, a process each"),
    ("ca-0", "openssl ca, empty index"),
    ("ca-10000", "openssl ca, 10,000 rows"),
    ("ca-100000", "openssl ca, 100,000 rows"),
]
BAR, GAP, LEFT, RIGHT, WIDTH = 20, 10, 300, 170, 960


def read(path):
    """{subject: {column: [value of each repeat]}}"""
    found = {}
    with open(path, newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f, delimiter="\t"):
            columns = found.setdefault(row["subject"], {})
            for name, value in row.items():
                if name not in ("repeat", "subject"):
                    columns.setdefault(name, []).append(float(value))
    return found


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def middle(values):
    return number(statistics.median(values))


def spread(values):
    return f"{middle(values)} ({number(min(values))}–{number(max(values))})"


def ratio(of, to):
    """Within each repeat: what slowed all of one down cancels out."""
    if not to:
        return "–"
    return f"{statistics.median(a / b for a, b in zip(of, to)):.2f}"


def latency(columns, name):
    return middle(columns[name]) if max(columns[name]) > 0 else "–"


def table(found):
    yield ("| | certificates/s | CPU, µs each | × floor | × cfssl "
           "| broker's CPU | generator's CPU | p50, ms | p99, ms |")
    yield "|---|---|---|---|---|---|---|---|---|"
    floor = found.get("floor", {}).get("cpu_us")
    cfssl = found.get("cfssl", {}).get("cpu_us")
    for word, title in SUBJECTS:
        if word not in found:
            continue
        c = found[word]
        yield (f"| {title} | {spread(c['rate'])} | {spread(c['cpu_us'])} "
               f"| {ratio(c['cpu_us'], floor)} | {ratio(c['cpu_us'], cfssl)} "
               f"| {latency(c, 'broker_us')} | {latency(c, 'generator_us')} "
               f"| {latency(c, 'p50_ms')} | {latency(c, 'p99_ms')} |")


def write_table(found, about, path):
    with open(path, "w", encoding="utf-8") as f:
        f.write("# Side by side\n\n" + about + "\n")
        f.write("\n".join(table(found)) + "\n\n")
        f.write("Medians, and in brackets the lowest and the highest. "
                "CPU: of the service and the signer, of cfssl, or of the "
                "processes; ×: the ratio of CPU within a repeat, the "
                "median of them.\n")


def text(x, y, words, anchor="start", size=13):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" '
            f'font-size="{size}">{words}</text>')


class Panel:
    """Bars over a logarithmic axis."""

    def __init__(self, top, title, column, found):
        self.top, self.title, self.column = top, title, column
        self.rows = [(w, t, found[w][column]) for w, t in SUBJECTS if w in found]
        values = [v for _, _, vs in self.rows for v in vs]
        self.low = math.floor(math.log10(min(values)))
        self.high = math.ceil(math.log10(max(values)))
        self.height = 50 + len(self.rows) * (BAR + GAP)

    def x(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def axis(self):
        bottom = self.top + self.height - 10
        for power in range(self.low, self.high + 1):
            x = self.x(10 ** power)
            yield (f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{self.top + 26}" '
                   f'y2="{bottom}" stroke="#ddd"/>')
            yield text(x, self.top + 22, f"{10 ** power:,}", "middle", 11)

    def bar(self, y, word, title, values):
        low, high = self.x(min(values)), self.x(max(values))
        end = self.x(statistics.median(values))
        colour = "#2b6cb0" if word in ("http", "mqtt") else "#a0aec0"
        yield text(LEFT - 8, y + 15, title, "end")
        yield (f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" '
               f'height="{BAR}" fill="{colour}"/>')
        yield (f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + BAR / 2}" '
               f'y2="{y + BAR / 2}" stroke="#000" stroke-width="2"/>')
        yield text(max(end, high) + 6, y + 15, middle(values))

    def draw(self):
        yield text(8, self.top + 14, self.title, size=15)
        yield from self.axis()
        for i, (word, title, values) in enumerate(self.rows):
            y = self.top + 34 + i * (BAR + GAP)
            yield from self.bar(y, word, title, values)


def write_plot(found, path):
    cpu = Panel(10, "CPU, µs a certificate (less is better)", "cpu_us", found)
    rate = Panel(20 + cpu.height, "certificates a second (more is better)",
                 "rate", found)
    height = 20 + cpu.height + rate.height
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
                f'height="{height}" font-family="sans-serif">\n'
                '<rect width="100%" height="100%" fill="#fff"/>\n')
        for panel in (cpu, rate):
            f.write("\n".join(panel.draw()) + "\n")
        f.write("</svg>\n")


def main():
    raw, about, markdown, plot = sys.argv[1:]
    found = read(raw)
    with open(about, encoding="utf-8") as f:
        write_table(found, f.read(), markdown)
    write_plot(found, plot)


if __name__ == "__main__":
    main()

"""A line of the table of attacks, as attacks.py measured it."""
import statistics


def line(row):
    def spread(values):
        return f"{statistics.median(values):.3g} s ({min(values):.3g}–{max(values):.3g})"

    ratio = statistics.median(row["peer"]) / statistics.median(row["ours"])
    return (f"| {row['attack']}, {row['norm']} {row['radius']} | {row['threads']} | {spread(row['ours'])} | "
            f"{spread(row['peer'])} | {row['peer_name']} | {ratio:.3g}× | ≥ 5 | {'yes' if ratio >= 5 else 'no'} | "
            f"{row['accuracy']:.3f} | {row['peer_accuracy']:.3f} |")

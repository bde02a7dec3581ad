"""Runs the chunks of a set in processes, with a line that says how far it is."""

import multiprocessing
import sys
import time

import numpy as np

#: Rows done so far, over all processes; and what refreshes the line, in this process.
_done = None
_show = None


def _start(counter, show=None):
    global _done, _show
    _done, _show = counter, show


def count(rows):
    """Tells the progress line of `rows` more rows."""
    if _done is not None:
        with _done.get_lock():
            _done.value += rows
    if _show is not None:
        _show()


class _Work:
    """Calls a set's `make` on one chunk (picklable, so that a process may be spawned)."""

    def __init__(self, make):
        self.make = make

    def __call__(self, numbered):
        number, chunk = numbered
        return number, self.make(chunk)


def run(make, chunks, jobs, quiet=False):
    """The columns of all chunks, joined in the order of `chunks`.

    `make(chunk)` gives a mapping from column names to arrays of `chunk.rows` rows.
    """
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    total = sum(chunk.rows for chunk in chunks)
    progress = Progress(total, counter, quiet)
    results = [None] * len(chunks)
    if jobs == 1:
        _start(counter, progress.show)
        for number, chunk in enumerate(chunks):
            results[number] = make(chunk)
    else:
        with context.Pool(min(jobs, len(chunks)), _start, (counter,)) as pool:
            pending = pool.imap_unordered(_Work(make), list(enumerate(chunks)))
            while True:
                try:
                    number, columns = pending.next(timeout=1.0)
                    results[number] = columns
                except multiprocessing.TimeoutError:
                    pass
                except StopIteration:
                    break
                progress.show()
    progress.close()
    return {name: np.concatenate([r[name] for r in results]) for name in results[0]}


class Progress:
    """A line on standard error: rows, rate, remaining time."""

    def __init__(self, total, counter, quiet):
        self.total, self.counter, self.quiet = total, counter, quiet
        self.start = time.monotonic()
        self.last = 0.0
        self.terminal = sys.stderr.isatty()

    def show(self, force=False):
        """Prints the line if the last one is old (0.5 s on a terminal, 15 s in a log)."""
        now = time.monotonic()
        if self.quiet or not force and now - self.last < (0.5 if self.terminal else 15.0):
            return
        self.last = now
        print(self.line(now - self.start), end="\r" if self.terminal else "\n", file=sys.stderr)

    def line(self, seconds):
        """The text of the line after so many seconds."""
        done = self.counter.value
        rate = done / max(seconds, 1e-9)
        left = clock((self.total - done) / rate) if done else "unknown"
        return f"{done} of {self.total} rows, {rate:.1f} rows/s, {left} left   "

    def close(self):
        """Prints the last line."""
        self.show(force=True)
        if self.terminal and not self.quiet:
            print(file=sys.stderr)


def clock(seconds):
    """Seconds as h:mm:ss."""
    seconds = int(round(seconds))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"

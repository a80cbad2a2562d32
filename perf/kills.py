"""Kills commands at random moments and in the middle of writes, and looks for what is lost.

Every command is first run unbroken, and it is noted when it writes. Then copies of it, each in a
folder of its own, are killed with SIGKILL and begun again until they end: mostly when something in
the folder changes, at one of as many changes as the unbroken run made; else at a random moment of
the time in which that wrote, or of the whole run, most of which may be imports. After
each kill, finished trials, cells, trainings and epochs must be those of before and perhaps more,
none of them twice; at the end, the result must be that of the unbroken run, to the last digit but
for seconds.

Run: python perf/kills.py FOLDER [--kills 200] [--seed 0] [--only train]
(goes on where it was stopped)
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.studies.journal import Journal
from nascast.studies.predictors.results import read_run
from nascast.studies.records import open_benchmark
from nascast.training.checkpoint import read as read_checkpoint

SMALL = "--skeleton channels=4,cells=1 --split train=64,validation=32,test=32"
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
_MOST = 25  # kills of one copy; chosen
_ANYWHEN = 1 / 8  # share of kills at a moment of the whole run; chosen
_MOMENT = 1 / 4  # share of the others that are at a moment of the time in which it wrote; chosen
Reader = Callable[[Path], Any]


@dataclass(frozen=True)
class Command:
    """A command that can be killed.

    Attributes:
        name: name of the scenario.
        words: words of the command, without the folder.
        begun: file in the folder from which on `--resume` is said; empty where it never is.
        done: function of the folder that returns the finished pieces of work, in order.
        result: function of the folder that returns what must be that of the unbroken run.
    """

    name: str
    words: tuple[str, ...]
    begun: str
    done: Callable[[Path], list[Hashable]]
    result: Reader

    def line(self, out: Path) -> list[str]:
        """Returns the command that begins, or goes on, in a folder."""
        target = out / "table.nascast" if self.name == "build" else out
        resume = ["--resume"] if self.begun and (out / self.begun).exists() else []
        words = [word.replace("IMAGES", str(out.parent / "images.npz")) for word in self.words]
        return [sys.executable, "-m", "nascast", *words, "--out", str(target), *resume]


def trials(out: Path) -> dict[str, list[Any]]:
    """Returns the trials of a search by run, without times."""
    if not (out / "trials.sqlite").exists():
        return {}
    store = plugins.load("store", "sqlite", out / "trials.sqlite")
    return {
        run: [(t.id, t.candidate, _timeless(t.evaluation.metrics)) for t in store.read(run)]
        for run in sorted(store.runs())
    }


def _timeless(metrics: Any) -> tuple[tuple[str, float], ...]:
    return tuple(sorted((k, v) for k, v in metrics.items() if "seconds" not in k))


def trial_names(out: Path) -> list[Hashable]:
    """Returns run and number of the trials of a search."""
    return [(run, trial[0]) for run, found in trials(out).items() for trial in found]


def lines(*names: str) -> Callable[[Path], list[Hashable]]:
    """Returns a function that reads the records of journals."""
    return lambda out: [
        (name, json.dumps(record)) for name in names for record in Journal(out / name).read()
    ]


def predictions(*names: str) -> Reader:
    """Returns a function that reads what comparisons in some folders found, in one order."""
    return lambda out: [
        sorted((r.predictor, sorted(r.budget.items()), r.trial, r.predicted) for r in results)
        for _, results in (read_run(out / name) for name in names)
    ]


def table(out: Path) -> Any:
    """Returns the cells and values of a table, without seconds."""
    found = open_benchmark(str(out / "table.nascast"))
    genes = found.genes()
    names = [name for name in sorted(found.metrics) if "seconds" not in name]
    return genes.tolist(), {name: found.query(genes, name).tolist() for name in names}


def epochs(out: Path) -> list[Hashable]:
    """Returns the finished epochs of a training."""
    file = out / "training.json"
    record = json.loads(file.read_text()) if file.exists() else {}
    if "curves" in record:
        return list(range(len(record["curves"]["val_loss"])))
    if not (out / "checkpoint.pt").exists():
        return []
    return list(range(len(read_checkpoint(out / "checkpoint.pt")["curves"]["val_loss"])))


def trained(out: Path) -> Any:
    """Returns results, curves and weights of a training, without seconds."""
    record = json.loads((out / "training.json").read_text())
    parts = {**record["results"], **record["curves"]}
    weights = (out / "model.safetensors").read_bytes()
    return {k: v for k, v in parts.items() if "seconds" not in k}, weights


COMMANDS = (
    Command(
        "compare",
        (
            *("compare", "--benchmark", "nb201-mini", "--train-sizes", "20,40"),
            *("--predictors", "xgboost,early_stop_accuracy"),
            *("--trials", "12", "--test-size", "50", "--workers", "2"),
        ),
        "",
        lines("cells.jsonl"),
        predictions(""),
    ),
    Command(
        "compare several",
        (
            *("compare", "--benchmark", "nb201-mini", "--benchmark", "nb101_sample"),
            *("--predictors", "xgboost,early_stop_accuracy", "--train-sizes", "20,40"),
            *("--trials", "6", "--test-size", "50", "--workers", "2"),
        ),
        "",
        lines("nb201-mini/cells.jsonl", "nb101_sample/cells.jsonl"),
        predictions("nb201-mini", "nb101_sample"),
    ),
    Command(
        "build",
        (
            *("benchmark", "build", "--images", "IMAGES", "--cells", "12", "--repeated", "2"),
            *("--workers", "1", *SMALL.split()[2:]),
            *("--skeleton", "channels=4,cells=1", "--recipe", "epochs=2,batch_size=32"),
        ),
        "",
        lines("table.trainings/trainings.jsonl"),
        table,
    ),
    Command(
        "simulated search",
        (
            *("search", "--benchmark", "nb201-mini", "--evaluations", "200", "--seeds", "3"),
            *("--strategy", "regularized_evolution,ppo"),
        ),
        "search.json",
        trial_names,
        trials,
    ),
    Command(
        "trained search",
        (
            *("search", "--space", "nasbench201", "--strategy", "regularized_evolution"),
            *("--set", "population=4,tournament=2", "--evaluations", "12"),
            *("--executor", "serial", *SMALL.split(), "--recipe", "digits-child,epochs=2"),
        ),
        "search.json",
        trial_names,
        trials,
    ),
    Command(
        "train",
        (
            *("train", "--space", "nasbench201", "--architecture", CELL, "--data", "digits"),
            *("--recipe", "digits-child,epochs=12", *SMALL.split()),
        ),
        "training.json",
        epochs,
        trained,
    ),
)


def images(file: Path) -> None:
    """Writes a few small images of two classes."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 255, (160, 8, 8), dtype=np.uint8), np.arange(160) % 2
    np.savez(file, x_train=x, y_train=y, x_test=x, y_test=y)


def state(out: Path) -> dict[Path, tuple[int, int]]:
    """Returns sizes and times of the files in a folder."""
    found = {}
    for path in out.rglob("*") if out.exists() else ():
        try:
            about = path.stat()
        except FileNotFoundError:
            continue
        found[path] = about.st_size, about.st_mtime_ns
    return found


@dataclass(frozen=True)
class Run:
    """A run that nobody killed.

    Attributes:
        seconds: seconds of the whole run.
        span: seconds from the first change of its folder to the last.
        changes: number of changes of its folder that were seen.
    """

    seconds: float
    span: float
    changes: int


def changes(process: "subprocess.Popen[bytes]", out: Path) -> Iterator[float]:
    """Yields the time of each change of a folder, until the process ends."""
    before = state(out)
    while process.poll() is None:
        if (now := state(out)) != before:
            yield time.monotonic()
            before = now
        time.sleep(0.0005)


def wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Waits so long, or until the process ends."""
    ends = time.monotonic() + seconds
    while process.poll() is None and (left := ends - time.monotonic()) > 0:
        time.sleep(min(left, 0.01))


def killed(command: Command, out: Path, rng: np.random.Generator, whole: Run) -> tuple[bool, bool]:
    """Runs a command and kills it; returns whether before its end, and whether amid a write."""
    with subprocess.Popen(
        command.line(out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        if rng.random() < _ANYWHEN:
            wait(process, rng.uniform(0.3, whole.seconds))
        elif rng.random() < _MOMENT:
            next(changes(process, out), None)
            wait(process, rng.uniform(0, whole.span))
        else:
            number = int(rng.integers(whole.changes))
            next(islice(changes(process, out), number, None), None)
            wait(process, rng.choice([0, rng.uniform(0, 0.004)]))
        alive = process.poll() is None
        process.kill()
        error = process.stderr.read().decode() if process.stderr else ""
    if not alive and process.returncode != 0:
        raise SystemExit(f"{command.name} in {out} ended with {process.returncode}: {error}")
    return alive, any(path.suffix == f".{process.pid}" for path in state(out))


def unbroken(command: Command, out: Path) -> Run:
    """Runs a command to its end, if it was not; returns how long that took and when it wrote."""
    mark = out.with_suffix(".json")
    if not mark.exists():
        shutil.rmtree(out, ignore_errors=True)
        began = time.monotonic()
        with subprocess.Popen(
            command.line(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            times = list(changes(process, out))
        if process.returncode or not times:
            raise SystemExit(f"{command.name} in {out} ended with {process.returncode}")
        found = Run(time.monotonic() - began, times[-1] - times[0], len(times))
        mark.write_text(json.dumps(asdict(found)))
    return Run(**json.loads(mark.read_text()))


def lost(before: list[Hashable], now: list[Hashable]) -> str:
    """Returns what is wrong with the finished work after a kill, or nothing."""
    gone, twice = set(before) - set(now), len(now) - len(set(now))
    return f"{len(gone)} lost, {twice} twice" if gone or twice else ""


def check(command: Command, folder: Path, seed: int, log: Journal) -> None:
    """Kills one copy of a command until it ends, and looks at what it leaves after each kill."""
    base = folder / command.name.replace(" ", "-")
    whole = unbroken(command, base)
    out = folder / f"{base.name}-{seed}"
    kills = total(r for r in log.read() if (r["command"], r["seed"]) == (command.name, seed))
    before = command.done(out)
    while True:
        rng = np.random.default_rng([seed, kills, *command.name.encode()])
        alive, amid = killed(command, out, rng, whole)
        if alive and kills % _MOST == _MOST - 1:  # kills that come too early to get on never end
            subprocess.run(command.line(out), check=True, capture_output=True)
        now = command.done(out)
        wrong = [lost(before, now)] if lost(before, now) else []
        ended = not alive or kills % _MOST == _MOST - 1
        if ended and command.result(out) != command.result(base):
            wrong.append("another result than unbroken")
        kills += alive
        about = {"command": command.name, "seed": seed, "kills": int(alive), "ended": ended}
        log.append({**about, "finished": len(now), "wrong": wrong, "amid": alive and amid})
        before = now
        if ended:
            break
    print(f"{command.name:<18} copy {seed}: {kills} kills", flush=True)


def total(records: Iterable[dict[str, Any]]) -> int:
    """Returns the kills on record."""
    return sum(record["kills"] for record in records)


def main() -> None:
    """Kills until there were enough, and prints the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    names = [command.name for command in COMMANDS]
    parser.add_argument("--only", choices=names, help="name of the one command to kill")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    images(asked.folder / "images.npz")
    log = Journal(asked.folder / "kills.jsonl")
    seed = asked.seed
    while total(log.read()) < asked.kills:
        known = {(r["command"], r["seed"]) for r in log.read() if r["ended"]}
        for command in COMMANDS:
            if asked.only in (None, command.name) and (command.name, seed) not in known:
                check(command, asked.folder, seed, log)
        seed += 1
    for command in COMMANDS:
        found = [record for record in log.read() if record["command"] == command.name]
        wrong = [text for record in found for text in record["wrong"]]
        copies = sum(record["ended"] for record in found)
        late = total(record for record in found if record["finished"])
        amid = sum(record.get("amid", False) for record in found)
        text = (
            f"{command.name:<18} {total(found):>4} kills in {copies} copies, {late} of them with "
            f"something finished, {amid} amid a write"
        )
        print(f"{text}; {wrong or 'ok'}")


if __name__ == "__main__":
    main()

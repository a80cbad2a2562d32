"""Wrong inputs to every command: each has to end with a paragraph and a status that is not 0.

    python perf/wrong_inputs.py [--only WORD] [--first 0] [--last 99]

Every command runs in a process that is forked once the slow modules are imported, in a folder with
a few small files. Counted are tracebacks, statuses of 0, and what took longer than three minutes;
all three should be none. What went wrong is printed, and the numbers as JSON.
"""

import argparse
import json
import os
import shlex
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow.parquet  # noqa: F401
import torch  # noqa: F401

from nascast.cli.main import main as command

_LONG = 180  # seconds; chosen for a busy machine
_CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
_IMPORT = "benchmark import table.csv --architecture arch --metric val_accuracy=acc --out x.nascast"
_TRAIN = f"train --space nasbench201 --architecture '{_CELL}' --data images.npz"
_SEARCH = "search --space nasbench201 --evaluations 2 --workers 1 --data images.npz"
_BENCH = "search --benchmark nb201-mini --evaluations 2"
_MINI = "compare --benchmark nb201-mini"
_COMPARE = f"{_MINI} --predictors sotl_e --trials 1 --test-size 20 --workers 1"

WRONG = f"""
nonsense
list nonsense
list
show
show nonsense
show '{_CELL}' --space nowhere
show '{_CELL}' --picture cell.txt
show '{_CELL}' --picture nowhere/deep/cell.svg
show '{_CELL}' --as nonsense
show 0-1-2-3
show 999999999
search nonsense
search --space nowhere
{_SEARCH} --strategy nonsense
{_SEARCH} --strategy ''
{_SEARCH} --strategy random(
{_SEARCH} --strategy random,random
{_SEARCH} --strategy 'ppo(clip=abc)'
{_SEARCH} --strategy 'ppo(foo=1)'
{_SEARCH} --strategy 'regularized_evolution(population=0)'
{_SEARCH} --strategy 'regularized_evolution(population=1.5)'
{_SEARCH} --strategy 'random(seed=3)'
{_SEARCH} --set foo=1
{_SEARCH} --set population
{_SEARCH} --set ppo.clip=1
{_SEARCH} --preset nonsense
{_SEARCH} --budget soon
{_SEARCH} --budget -3m
{_SEARCH} --budget ''
search --space nasbench201 --data images.npz --evaluations -4
search --space nasbench201 --data images.npz --evaluations 0
search --space nasbench201 --data images.npz --evaluations 1.5
{_SEARCH} --seeds 0
{_SEARCH} --seeds -1
{_SEARCH} --seed -1
{_SEARCH} --metric nonsense
{_SEARCH} --metric ''
{_SEARCH} --strategy ppo --metric val_accuracy,parameters
{_SEARCH} --strategy nsga2 --metric val_accuracy,val_accuracy
{_SEARCH} --max-params 0
{_SEARCH} --max-params 1
{_SEARCH} --max-latency-ms -1
{_SEARCH} --recipe nonsense
{_SEARCH} --recipe epochs=1.5
{_SEARCH} --recipe epochs=abc
{_SEARCH} --recipe epochs=0
{_SEARCH} --recipe foo=1
{_SEARCH} --recipe learning_rate=-1
{_SEARCH} --recipe optimizer=nonsense
{_SEARCH} --recipe batch_size=100000
{_SEARCH} --skeleton foo=1
{_SEARCH} --skeleton channels=0
{_SEARCH} --skeleton channels=abc
{_SEARCH} --split foo=1
{_SEARCH} --split train=1000000
{_SEARCH} --split train=0
{_SEARCH} --split size=abc
{_SEARCH} --split size=-3
{_SEARCH} --split seed=-1
{_SEARCH} --time-limit never
{_SEARCH} --memory-limit 0
{_SEARCH} --memory-limit -5
{_SEARCH} --device nonsense
{_SEARCH} --device cuda
{_SEARCH} --executor nonsense
{_SEARCH} --executor simulated
{_SEARCH} --executor serial --address auto
{_SEARCH} --workers -1
{_SEARCH} --resume
{_SEARCH} --out full
{_SEARCH} --recipe learning_rate=1e30,epochs=1,batch_size=8 --executor serial
{_SEARCH} --executor nonsense
{_SEARCH} --executor 'serial(clock=3)'
{_SEARCH} --executor 'processes(workers=0)'
{_SEARCH} --executor 'slurm(minutes=abc)'
{_SEARCH} --executor slurm --gpus 0.5
{_SEARCH} --executor slurm
{_SEARCH} --gpus 1
{_SEARCH} --executor ray --gpus -1
{_SEARCH} --executor ray --cpus nan
{_SEARCH} --executor 'ray(cpus=2)' --cpus 1
{_SEARCH} --callback nonsense
{_SEARCH} --callback tensorboard(
{_SEARCH} --callback 'tensorboard(colour=1)'
{_SEARCH} --callback 'optuna(storage=3)'
{_BENCH} --gpus 1
{_TRAIN} --callback nonsense
trials . --callback optuna
trials . --callback nonsense
trials . --callback optuna --csv
search --space nasbench201 --data ''
search --space nasbench201 --data nowhere
search --space nasbench201 --data table.csv
search --space nasbench201 --data empty
search --space nasbench201 --data transposed.npz
search --space nasbench201 --data large_label.npz
search --space nasbench201 --data broken.npz
search --space nasbench201 --data text.txt
search --space nasbench_nlp --data text.txt --split train=3
{_BENCH} --data images.npz
{_BENCH} --space darts
{_BENCH} --recipe epochs=1
{_BENCH} --address auto
{_BENCH} --executor slurm
{_BENCH} --device cpu
{_BENCH} --time-limit 5m
{_BENCH} --metric nonsense
search --benchmark nowhere
search --benchmark ''
search --benchmark broken.nascast
{_COMPARE} --predictors nonsense
{_COMPARE} --predictors ''
{_COMPARE} --predictors 'xgboost(foo=1)'
compare --benchmark nowhere
{_COMPARE} --train-sizes ten
{_COMPARE} --train-sizes 0
{_COMPARE} --train-sizes ''
{_COMPARE} --epochs 777
{_COMPARE} --trials 0
{_COMPARE} --trials -1
{_COMPARE} --seed -1
{_COMPARE} --test-size 0
{_COMPARE} --test-size 10000000
{_COMPARE} --metric nonsense
{_COMPARE} --data nowhere.npz
{_COMPARE} --predictors jacov --batch-size 0
{_COMPARE} --workers -1
train
train nowhere
train empty
train empty --space nasbench201 --architecture '{_CELL}'
train --space nasbench201
train --space nowhere --architecture x
train --space nasbench201 --architecture nonsense
{_TRAIN} --best 0
{_TRAIN} --best 3
{_TRAIN} --repeats 0
{_TRAIN} --filters -1
{_TRAIN} --epochs 0
{_TRAIN} --seed -1
{_TRAIN} --recipe epochs=1.5
{_TRAIN} --split foo=1
{_TRAIN} --skeleton foo=1
{_TRAIN} --device cuda
{_TRAIN} --resume
export empty --format onnx
export nowhere --format nonsense
export nowhere --format onnx
predict nowhere photo.png
predict empty photo.png
predict table.csv photo.png
predict empty
trials nowhere
trials empty
trials empty --csv --json
trials empty --parquet
report nowhere
report empty
report empty --out page.txt
report
benchmark nonsense
benchmark info nowhere
benchmark info broken.nascast
benchmark info table.csv
benchmark download nowhere
benchmark convert nowhere
benchmark convert nasbench101 nowhere
benchmark convert nasbench101 table.csv
{_IMPORT.replace("table.csv", "nowhere.csv")}
{_IMPORT.replace("arch --", "nonsense --")}
{_IMPORT.replace("=acc", "=nonsense")}
{_IMPORT.replace("val_accuracy=acc", "val_accuracy")}
{_IMPORT.replace("x.nascast", "x.csv")}
{_IMPORT.replace("x.nascast", "there.nascast")}
{_IMPORT} --space nowhere
{_IMPORT} --input-shape 3,x
{_IMPORT} --classes 1
{_IMPORT} --words 10 --classes 3
{_IMPORT} --decimal nonsense
benchmark build --images nowhere.npz --out y.nascast
benchmark build --images images.npz --out y.csv
benchmark build --images images.npz --out y.nascast --cells -1
benchmark build --images images.npz --out y.nascast --recipe epochs=abc
benchmark build --images images.npz --out y.nascast --like nowhere
benchmark build --images images.npz --out y.nascast --device cuda
watch
watch nowhere
watch empty
watch empty --port abc
ask
ask asked
ask asked --space nowhere
ask asked --space nasbench201 --strategy nonsense
ask asked --space nasbench201 --strategy 'random(foo=1)'
ask asked --space nasbench201 -n 0
ask asked --space nasbench201 --evaluations 0
ask asked --space nasbench201 --budget soon
ask asked --space nasbench201 --metric nonsense
ask asked --space nasbench201 --metric val_accuracy,val_accuracy
ask asked --space nasbench201 --benchmark nowhere
ask asked --space darts --benchmark nb201-mini
ask asked --space nasbench201 --max-params 0
ask asked --space nasbench201 --max-params 1
ask asked --space nasbench201 --arch nonsense
ask asked --space nasbench201 --as nonsense
ask asked --pending
ask full --space nasbench201
tell
tell nowhere --id 0 --metric val_accuracy=90
tell empty --id 0 --metric val_accuracy=90
tell empty --id abc --metric val_accuracy=90
recommend
recommend --init soon --query 3s
recommend --init 2h --query -3s
recommend --init 2h --query 3s --space-like nowhere
recommend --init 2h --query 3s --study nowhere
recommend --init 2h --query 3s --study empty
reproduce nonsense
reproduce unique-networks --trials 0
reproduce unique-networks --seed -1
reproduce unique-networks --workers -1
reproduce unique-networks --out full
search --data images.npz --hours 1 --evaluations -4
search --data images.npz --hours 1 --strategy nonsense
search --data images.npz --hours 1 --executor nonsense
search --data images.npz --hours 1 --export nonsense
"""


def prepare(folder: Path) -> None:
    """Writes the files that the commands name."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 255, (60, 8, 8, 3), np.uint8), np.arange(60) % 3
    parts: dict[str, Any] = {"x_train": x, "y_train": y, "x_test": x[:20], "y_test": y[:20]}
    np.savez(folder / "images.npz", **parts)
    turned: dict[str, Any] = {
        k: v.transpose(0, 3, 1, 2) if k[0] == "x" else v for k, v in parts.items()
    }
    np.savez(folder / "transposed.npz", **turned)
    np.savez(folder / "large_label.npz", **{**parts, "y_train": np.where(y == 1, 10**9, y)})
    for name in ("broken.npz", "broken.nascast", "there.nascast", "photo.png"):
        (folder / name).write_bytes(b"PK\x03\x04 no archive")
    (folder / "table.csv").write_text(f"arch,acc\n{_CELL},90\n")
    (folder / "text.txt").write_text("a b c\n" * 50)
    (folder / "empty").mkdir()
    (folder / "full").write_text("a file")


def run(line: str, folder: Path) -> tuple[int, str]:
    """Returns the status and the output of a command; the status 124 is too long."""
    said = folder / "said"
    child = os.fork()
    if not child:
        _become(line, folder, said)
    until = time.monotonic() + _LONG
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), said.read_text(errors="replace")
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 124, said.read_text(errors="replace")


def _become(line: str, folder: Path, said: Path) -> NoReturn:
    """Runs a command in this process, which a fork made, and ends it."""
    os.setsid()
    os.chdir(folder)
    os.environ["NASCAST_CACHE"] = str(folder / "cache")
    output = os.open(said, os.O_WRONLY | os.O_CREAT)
    for stream, place in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
        os.dup2(place, stream)
    sys.argv = ["nascast", *shlex.split(line)]
    status: Any = 0
    try:
        command()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:  # what Python itself would print
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 1)


def outcomes(lines: list[str]) -> Iterator[tuple[str, int, str]]:
    """Yields what each line ended with, each in a folder of its own."""
    for line in lines:
        with tempfile.TemporaryDirectory() as name:
            prepare(Path(name))
            yield line, *run(line, Path(name))


def main() -> None:
    """Runs all lines, or those with a word, or a part of them by their numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int)
    options = parser.parse_args()
    lines = [line for line in WRONG.strip().splitlines() if options.only in line]
    lines = lines[options.first : None if options.last is None else options.last + 1]
    counts = {"inputs": len(lines), "tracebacks": 0, "status 0": 0, "slow": 0}
    for line, status, said in outcomes(lines):
        for kind, wrong in (
            ("tracebacks", "Traceback (most recent" in said),
            ("status 0", status == 0),
            ("slow", status == 124),
        ):
            counts[kind] += wrong
            if wrong:
                print(f"{kind}: nascast {line}\n{said[-1500:]}\n", flush=True)
    print(json.dumps(counts))
    sys.exit(any(counts[kind] for kind in ("tracebacks", "status 0", "slow")))


if __name__ == "__main__":
    main()

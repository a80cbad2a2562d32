"""Numerical libraries that are held to one thread, in processes of their own."""

import subprocess
import sys

import pytest

THREADS = """
import os
os.environ.pop("OMP_NUM_THREADS", None)
os.environ["OPENBLAS_NUM_THREADS"] = "2"
import numpy
from threadpoolctl import threadpool_info
from nascast.core.threads import hold_to_one_thread, one_thread

def threads():
    return sorted(pool["num_threads"] for pool in threadpool_info())
"""


def output(code: str) -> str:
    found = subprocess.run([sys.executable, "-c", THREADS + code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_libraries_are_held_inside_and_let_go_after() -> None:
    code = """
with one_thread():
    print(threads())
print(threads())
print(one_thread()(threads)())
try:
    with one_thread():
        raise KeyError
except KeyError:
    print(threads())
"""
    assert output(code) == "[1]\n[2]\n[1]\n[2]\n"


def test_torch_is_held_also_if_it_was_loaded_after_the_first_time() -> None:
    pytest.importorskip("torch")
    code = """
with one_thread():
    pass
import torch
torch.set_num_threads(3)
with one_thread():
    print(torch.get_num_threads(), set(threads()))
print(torch.get_num_threads())
"""
    assert output(code) == "1 {1}\n3\n"


def test_torch_loaded_inside_is_not_held_for_good() -> None:
    pytest.importorskip("torch")
    code = """
import torch
before = torch.get_num_threads()
"""
    inside = """
with one_thread():
    import torch
print(torch.get_num_threads())
"""
    assert output(inside) == output(code + "print(before)\n")


def test_torch_is_held_if_it_is_named() -> None:
    pytest.importorskip("torch")
    code = """
with one_thread("torch", "no_such_module"):
    import torch
    print(torch.get_num_threads())
"""
    assert output(code) == "1\n"


def test_a_process_is_held_for_good_with_what_it_loads_later() -> None:
    pytest.importorskip("torch")
    code = """
hold_to_one_thread()
import torch
print(torch.get_num_threads(), set(threads()), os.environ["OMP_NUM_THREADS"])
"""
    assert output(code) == "1 {1} 1\n"

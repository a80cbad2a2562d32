from pathlib import Path

import pytest
import torch

from nascast.core import plugins
from nascast.core.types import ImageTask
from nascast.training.model import Classifier, save_model


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a cell of NASNet's space with statistics of some batches."""
    pytest.importorskip("safetensors")
    space = plugins.load("space", "nasbench201")
    arch = space.architecture(
        space.from_text(
            ["|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"]
        )[0]
    )
    task = ImageTask((3, 8, 8), 4, {**space.scaled(1, 4), "stages": 1})
    torch.manual_seed(0)
    network = space.build(arch, task)
    with torch.no_grad():
        for _ in range(5):
            network(torch.randn(16, 3, 8, 8))
    told = {
        "space": space.name,
        "genes": list(arch.genes),
        "text": space.to_text(space.row(arch))[0],
        "task": {"input_shape": [3, 8, 8], "classes": 4, "skeleton": dict(task.skeleton)},
        "class_names": ["a", "b", "c", "d"],
        "kind": "image classifier",
        "normalisation": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.1]},
    }
    out = tmp_path_factory.mktemp("model")
    classifier = Classifier(network, (0.4, 0.5, 0.6), (0.2, 0.3, 0.1), (8, 8))
    save_model(classifier, told, torch.rand(6, 3, 8, 8), out)
    return out

"""Published recipes by name.

What a paper or its released code does not give is marked "chosen". Deviations in all of them:
images are normalised by the channels' mean and deviation over the training part, where NASNet's and
NAS's authors whiten each image; the rate moves with every step, where DARTS moves it once an epoch;
RMSProp adds ε to the root, where TensorFlow adds it below the root.

The ImageNet recipes are those of one process: the authors' rates are for 50 (mobile) or 100 (large)
replicas whose gradients are averaged, and so are the batches here.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from nascast.core.errors import UnknownComponentError
from nascast.training.recipe import Recipe

__all__ = ["RECIPES", "named_recipe"]

# Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012, and slim's nasnet.py.
_NASNET = Recipe(
    epochs=600,
    batch_size=32,
    learning_rate=0.025,
    weight_decay=5e-4,
    grad_clip=5.0,
    crop=4,  # 32×32 from the image upsampled to 40×40
    crop_upsampled=True,
    auxiliary_weight=0.4,
    drop_path=0.4,  # the code's keep probability of 0.6
)
_NASNET_MOBILE = Recipe(
    epochs=250,  # chosen, as DARTS; slim trains until its user stops it
    batch_size=32 * 50,
    learning_rate=0.04 * 50,
    weight_decay=4e-5,
    grad_clip=10.0,
    optimizer="rmsprop",
    square_decay=0.9,
    epsilon=1.0,
    schedule="step",
    step_factor=0.97,
    step_epochs=2.4,
    label_smoothing=0.1,
    auxiliary_weight=0.4,
    ema=0.9999,
)

# Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578, section 4.1.
_NAS_CHILD = Recipe(
    epochs=50,
    batch_size=128,  # chosen; not stated
    learning_rate=0.1,
    weight_decay=1e-4,
    schedule="constant",  # no schedule is stated
    crop=4,  # the paper upsamples and crops 32×32; from 40×40 is NASNet's
    crop_upsampled=True,
)

# Liu et al., ICLR 2019, https://arxiv.org/abs/1806.09055, and quark0/darts.
_DARTS = Recipe(
    epochs=600,
    batch_size=96,
    learning_rate=0.025,
    weight_decay=3e-4,
    grad_clip=5.0,
    crop=4,
    cutout=16,
    auxiliary_weight=0.4,
    drop_path=0.2,
)

# What `nascast search` trains children by, unless told otherwise: short, so that a child takes
# seconds; all numbers are chosen.
_CHILD = Recipe(epochs=3, batch_size=64, learning_rate=0.05, grad_clip=5.0)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "child": _CHILD,
        "digits-child": replace(_CHILD, batch_size=16, learning_rate=0.025, flip=False),
        # Of language models, on a text of about a megabyte.
        "text-child": replace(
            _CHILD, batch_size=20, learning_rate=0.005, optimizer="adam", weight_decay=1e-6
        ),
        "nasnet": _NASNET,
        "nasnet-cutout": replace(_NASNET, cutout=16),  # the side is chosen, as in DARTS
        # A child of the search: 20 epochs, momentum, L2, cosine, N = 2 (appendix A.3 [P]). Its
        # rate, batch and weight decay are not stated and are those of the released CIFAR model.
        "nasnet-child": replace(_NASNET, epochs=20, auxiliary_weight=0.0, drop_path=0.0),
        "nasnet-mobile": _NASNET_MOBILE,
        "nasnet-large": replace(
            _NASNET_MOBILE,
            batch_size=16 * 100,
            learning_rate=0.015 * 100,
            weight_decay=5e-5,
            drop_path=0.3,  # the code's keep probability of 0.7
        ),
        "nas-child": _NAS_CHILD,
        # The found networks are trained "until convergence": epochs and cosine are chosen.
        "nas": replace(_NAS_CHILD, epochs=300, schedule="cosine"),
        "darts": _DARTS,
        "darts-imagenet": Recipe(
            epochs=250,
            batch_size=128,
            learning_rate=0.1,
            weight_decay=3e-5,
            grad_clip=5.0,
            schedule="step",
            step_factor=0.97,
            step_epochs=1.0,
            label_smoothing=0.1,
            auxiliary_weight=0.4,
        ),
        # The search's schedule without its architecture parameters: for a single network.
        "darts-search": Recipe(
            epochs=50,
            batch_size=64,
            learning_rate=0.025,
            final_rate=0.001,
            weight_decay=3e-4,
            grad_clip=5.0,
            crop=4,
        ),
        # Dong & Yang, ICLR 2020, https://arxiv.org/abs/2001.00326, 200E.config of xautodl.
        "nasbench201": Recipe(epochs=200, batch_size=256, learning_rate=0.1, crop=4),
        # For language models (`LanguageTraining`): the settings in the official training logs of
        # NAS-Bench-NLP, https://arxiv.org/abs/2006.07116. They do not name the optimiser.
        "nasbench-nlp": Recipe(
            epochs=50,
            batch_size=20,
            learning_rate=0.001,
            weight_decay=1.2e-6,
            grad_clip=0.25,
            optimizer="adam",  # chosen: a rate of 0.001 is Adam's
            schedule="constant",
            flip=False,
        ),
    }
)


def named_recipe(name: str, **changes: Any) -> Recipe:
    """Returns the recipe of that name, with some settings changed.

    Raises:
        UnknownComponentError: no recipe has the name; the message lists the known ones.
        InvalidSettingError: a changed setting is out of range.
    """
    if name not in RECIPES:
        raise UnknownComponentError(f"unknown recipe {name!r}; known are {', '.join(RECIPES)}")
    return replace(RECIPES[name], **changes)

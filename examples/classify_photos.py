"""Classes of photos by an exported model, with onnxruntime, NumPy and Pillow alone.

`nascast export models/mine --format onnx` writes the model; neither nascast nor PyTorch is needed
where it is used.

Run: python examples/classify_photos.py model.onnx photo.png more.jpg
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepared(photo: Image.Image, channels: int, height: int, width: int) -> np.ndarray:
    """Returns a photo as the model wants it: ``(1, channels, height, width)`` between 0 and 1."""
    photo = ImageOps.exif_transpose(photo).convert("L" if channels == 1 else "RGB")
    if height == width:  # else photos have the model's size
        side = min(photo.size)  # of the largest square around the centre, as in training
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        square = (left, top, left + side, top + side)
        photo = photo.resize((width, height), Image.Resampling.BILINEAR, square)
    values = np.asarray(photo, np.float32).reshape(1, height, width, channels)
    return values.transpose(0, 3, 1, 2) / 255


def main(model: str, *files: str) -> None:
    """Prints the most probable class of each photo, and its probability in percent."""
    session = onnxruntime.InferenceSession(model)
    names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
    _, *shape = session.get_inputs()[0].shape
    for file in files:
        [[logits]] = session.run(None, {"images": prepared(Image.open(file), *shape)})
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        best = int(probabilities.argmax())
        print(f"{file}: {names[best]} ({100 * probabilities[best]:.1f} %)")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print(__doc__)
    else:
        main(*sys.argv[1:])

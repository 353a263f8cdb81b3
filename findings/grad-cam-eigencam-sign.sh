#!/usr/bin/env bash
# grad-cam 1.5.5 (pytorch-grad-cam)
#
# EigenCAM projects the activations of a layer on their first principal component and keeps what is positive: the object that
# the layer sees should be hot. A principal component has no sign: numpy's SVD returns either. The library centres the
# activations first ("otherwise the image returned is negative", says its comment), which does not determine the sign.
# Expected: activations that are high on an object and low elsewhere give a map that is hot on the object, wherever it is. What
# happens: with the object in the middle the map is right; with the same object at the top left it is the negative, and after
# the library's max(map, 0) the object is blank and the background is shown as what the network looks at.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
# the one module that is run needs no torch
venv/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scikit-learn==1.6.1
venv/bin/pip install --quiet --disable-pip-version-check --no-deps grad-cam==1.5.5
cat > sign.py <<'PYTHON'
import importlib.metadata
import importlib.util
import pathlib
import sysconfig

import numpy as np

file = pathlib.Path(sysconfig.get_paths()["purelib"]) / "pytorch_grad_cam/utils/svd_on_activations.py"
spec = importlib.util.spec_from_file_location("svd_on_activations", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print("grad-cam", importlib.metadata.version("grad-cam"), "numpy", np.__version__)

def hot_layers(row, column):
    # of 100 layers of 16 channels, all high on one object and low elsewhere
    hot = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        y, x = np.mgrid[0:12, 0:12]
        blob = np.exp(-((x - column) ** 2 + (y - row) ** 2) / 6)
        weights = random.uniform(0.1, 1, 16)
        activations = weights[:, None, None] * blob + 0.05 * random.uniform(0, 1, (16, 12, 12))
        shown = np.maximum(module.get_2d_projection(activations[None].astype(np.float32))[0], 0)
        hot += bool(shown[row, column] > 0.5 * shown.max())
    return hot


middle, corner = hot_layers(8, 6), hot_layers(2, 2)
print(f"object in the middle: hot in {middle} of 100 layers; the same object at the top left: hot in {corner}")
assert middle > 90 and corner < 10
PYTHON
venv/bin/python sign.py

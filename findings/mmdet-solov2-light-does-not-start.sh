#!/usr/bin/env bash
# mmdet 3.3.0 with mmengine 0.10.7: no config of "solov2-light" can be trained.
#
# A user expects configs/solov2/solov2-light_r50_fpn_ms-3x_coco.py, the fast SOLOv2 of the model zoo, to start as its siblings do.
# What happens: its train_cfg sets `by_epoch` beside the `type` that it inherits, and mmengine's runner refuses a loop that has
# both, when the model is already built. All four light configs do so; the five others start.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.13.0 mmengine==0.10.7 "numpy<2" opencv-python-headless==4.10.0.84
"$work/venv/bin/pip" install --quiet --no-deps mmdet==3.3.0

cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import distribution, version
from pathlib import Path
from types import SimpleNamespace

from mmengine.config import Config
from mmengine.runner import Runner

print("mmdet", version("mmdet"), "mmengine", version("mmengine"))


class Loop:
    """Stands for the loop, so that nothing but the settings is looked at."""

    def __init__(self, max_epochs, val_interval, runner, dataloader):
        self.max_epochs = max_epochs


def start(cfg):
    settings = dict(cfg.train_cfg)
    if settings.get("type") == "EpochBasedTrainLoop":
        settings["type"] = Loop
    try:
        return f"starts, {Runner.build_train_loop(SimpleNamespace(_train_dataloader=None), settings).max_epochs} epochs"
    except RuntimeError as error:
        return str(error)


results = {}
for file in sorted(Path(distribution("mmdet").locate_file("mmdet/.mim/configs/solov2")).glob("solov2*.py")):
    results[file.stem] = start(Config.fromfile(file))
    print(f"{file.stem}: {results[file.stem]}")
light = [text for name, text in results.items() if "light" in name]
others = [text for name, text in results.items() if "light" not in name]
if len(light) != 4 or not all("Only one of" in text for text in light) or not all("starts" in text for text in others):
    sys.exit("not as stated")
print("four of nine refuse to start")
PYTHON

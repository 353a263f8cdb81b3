#!/usr/bin/env bash
# mmdet 3.3.0: the configs "ssj-90k" and "ssj-scp-90k" of Simple Copy-Paste train for 270,000 iterations.
#
# A user expects mask-rcnn_r50_fpn_rpn-2conv_4conv1fc_syncbn-all_32xb2-ssj-90k_coco.py to train for the 90,000 iterations of its
# name, which its line `max_iters = 90000` seems to say. What happens: train_cfg was made by the base config, with the base's
# variable, 270000; the new value is read by nothing. The schedule is that of 90,000 iterations, so two thirds of the run (weeks
# of 32 GPUs) are spent at a learning rate a thousandth of the first. mmengine says nothing, for a variable that nothing reads is
# no error.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --no-deps mmdet==3.3.0 mmengine==0.10.7 addict==2.4.0 yapf==0.40.2 tomli==2.0.1 \
  platformdirs==4.2.2 importlib-metadata==8.5.0 zipp==3.20.2 pyyaml==6.0.2 rich==13.9.4 pygments==2.18.0 markdown-it-py==3.0.0 \
  mdurl==0.1.2 termcolor==2.5.0 packaging==24.2 numpy==1.26.4 opencv-python-headless==4.10.0.84

cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import distribution, version
from pathlib import Path

from mmengine.config import Config

print("mmdet", version("mmdet"), "mmengine", version("mmengine"))
configs = Path(distribution("mmdet").locate_file("mmdet/.mim/configs/simple_copy_paste"))
iterations = {}
for file in sorted(configs.glob("*-90k_coco.py")):
    cfg = Config.fromfile(file)
    decay = cfg.param_scheduler[1]
    iterations[file.stem] = cfg.train_cfg.max_iters
    print(f"{file.stem}: max_iters = {cfg.max_iters}, train_cfg.max_iters = {cfg.train_cfg.max_iters}, "
          f"last decay at {decay.milestones[-1]}")
if len(iterations) != 2 or set(iterations.values()) != {270000}:
    sys.exit(f"not as stated: {iterations}")
print("the configs of 90k train for 270000 iterations")
PYTHON

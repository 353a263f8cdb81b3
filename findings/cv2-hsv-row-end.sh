#!/usr/bin/env bash
# opencv-python-headless 4.14.0.94: cv2.cvtColor(COLOR_HSV2BGR) of 8-bit images.
#
# Expected: a pixel's colour depends on its h, s and v.
# Found: it depends on its column and on the image's width too. Whole vectors of a row (64, 32 or 16 pixels, by the
# processor) are truncated, the rest of the row is rounded: an image of one colour gets a seam, and a crop, a mirrored image or another
# processor give other values. Augmentations in HSV (YOLOX's, YOLOv5's, PhotoMetricDistortion of bytes) all go through it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q opencv-python-headless==4.14.0.94 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

print('cv2', cv2.__version__)
row = np.full((1, 65, 3), (11, 77, 143), np.uint8)
colours = cv2.cvtColor(row, cv2.COLOR_HSV2BGR)[0]
print('a row of 65 equal pixels, first and last after HSV2BGR:', colours[0].tolist(), colours[-1].tolist())
mirrored = cv2.cvtColor(row[:, ::-1], cv2.COLOR_HSV2BGR)[0, ::-1]
print('values that differ when the row is mirrored, converted and mirrored back:', int((mirrored != colours).sum()))
h, s, v = np.meshgrid(np.arange(180), np.arange(0, 256, 5), np.arange(0, 256, 5), indexing='ij')
every = np.stack([h, s, v], -1).reshape(-1, 1, 3).astype(np.uint8)
wide = cv2.cvtColor(np.repeat(every, 64, 1), cv2.COLOR_HSV2BGR)[:, 0]
narrow = cv2.cvtColor(every, cv2.COLOR_HSV2BGR)[:, 0]
share = (wide != narrow).any(1).mean()
print(f'of {len(every)} colours, {100 * share:.0f}% differ between an image 64 pixels wide and one 1 pixel wide')
sys.exit(0 if (colours[0] != colours[-1]).any() and (mirrored != colours).any() and share > 0.5 else 1)
PYTHON

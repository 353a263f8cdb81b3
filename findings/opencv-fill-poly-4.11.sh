#!/usr/bin/env bash
# opencv-python-headless 4.10.0.84 and 4.11.0.86: cv2.fillPoly of integer corners on 8-bit images.
#
# Expected: a minor version fills the same pixels; mmcv, detectron2's augmentations and COCO converters make instance masks with it.
# Found: from 4.11 on edges are stepped in another way. Of 400 polygons of 3 to 6 corners, some of them beyond the image, 255 have
# other pixels, up to 51 of 64 x 64; of those wholly inside the image 18, by a pixel or a few. Masks, their areas and boxes made from
# them, and an AP compared against files of an older run, change with the installed version.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/fill.py" <<'PYTHON'
import sys

import cv2
import numpy as np

random = np.random.RandomState(0)
masks, inside = [], []
for _ in range(400):
    corners = random.randint(-5, 70, (random.randint(3, 7), 2)).astype(np.int32)
    masks.append(cv2.fillPoly(np.zeros((64, 64), np.uint8), [corners], 1))
    inside.append(corners.min() >= 0 and corners.max() < 64)
triangle = cv2.fillPoly(np.zeros((64, 64), np.uint8), [np.array([[36, 13], [35, 49], [6, 33]], np.int32)], 1)
print('cv2', cv2.__version__, '- pixels of the triangle (36, 13), (35, 49), (6, 33):', int(triangle.sum()))
np.savez(sys.argv[1], masks=np.stack(masks), inside=np.array(inside), triangle=triangle)
PYTHON
for version in 4.10.0.84 4.11.0.86; do
  python3 -m venv "$folder/$version"
  "$folder/$version/bin/pip" install -q "opencv-python-headless==$version" numpy==1.26.4
  "$folder/$version/bin/python" "$folder/fill.py" "$folder/$version.npz"
done
"$folder/4.11.0.86/bin/python" - "$folder" <<'PYTHON'
import sys

import numpy as np

old, new = (np.load(f'{sys.argv[1]}/{version}.npz') for version in ('4.10.0.84', '4.11.0.86'))
pixels = (old['masks'] != new['masks']).reshape(400, -1).sum(1)
print('of 400 polygons differ', int((pixels > 0).sum()), '- by up to', int(pixels.max()), 'pixels; wholly inside the image', int((pixels[old['inside']] > 0).sum()))
print('pixels of the triangle that differ:', np.argwhere(old['triangle'] != new['triangle'])[:, ::-1].tolist())
sys.exit(0 if ((pixels > 0).sum(), pixels.max(), (pixels[old['inside']] > 0).sum()) == (255, 51, 18) else 1)
PYTHON

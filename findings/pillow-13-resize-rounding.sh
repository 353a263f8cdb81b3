#!/usr/bin/env bash
# Pillow 13.0.0 against 12.0.0
#
# An 8-bit image made wider and lower by Image.resize(size, BILINEAR). Expected: the pixels of every earlier version, whose
# filter goes along rows and then along columns, rounding to 8 bits in between. What happens: 13 goes along columns first where
# that is cheaper, so that some pixels differ by a gray level: stored results, test images and training runs on
# `backend='pillow'` do not repeat after an upgrade. Other sizes give the same pixels in both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
for version in 12.0.0 13.0.0; do
  venv/bin/pip install --quiet --disable-pip-version-check --target "pillow-$version" "pillow==$version"
done
cat > resize.py <<'PYTHON'
import json
import sys

import PIL
from PIL import Image

image = Image.new("L", (31, 23))
image.putdata([(x * x // 7 + 11 * y) % 256 for y in range(23) for x in range(31)])
sizes = [(50, 9), (30, 22), (62, 46)]
print(json.dumps([list(image.resize(size, Image.BILINEAR).tobytes()) for size in sizes]))
print(PIL.__version__, file=sys.stderr)
PYTHON
cat > compare.py <<'PYTHON'
import json

old, new = (json.load(open(f"{version}.json")) for version in ("12.0.0", "13.0.0"))
for size, a, b in zip(("50 x 9", "30 x 22", "62 x 46"), old, new):
    differences = [abs(p - q) for p, q in zip(a, b)]
    print(f"31 x 23 to {size}: {sum(d > 0 for d in differences)} of {len(a)} pixels differ, by at most {max(differences)}")
assert old[0] != new[0], "12 and 13 give the same pixels"
assert old[1:] == new[1:]
PYTHON
for version in 12.0.0 13.0.0; do PYTHONPATH="pillow-$version" venv/bin/python resize.py > "$version.json"; done
venv/bin/python compare.py

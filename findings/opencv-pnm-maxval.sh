#!/usr/bin/env bash
# opencv-python-headless 4.10.0.84: PGM and PPM files are read without their maximum value.
#
# A PGM of 12 bits (maxval 4095, what industrial and medical cameras write) holds values from 0 to 4095, of which 4095 is white.
# A user expects cv2.imread(..., IMREAD_COLOR) to give white as 255, as Pillow gives full white, and as cv2 itself does for text
# files (P2) up to maxval 255. What happens: 12-bit values are taken for 16-bit ones and shifted by 8, so that white is 15 and the
# image is nearly black; in a binary file of maxval 100, white is 100. A detector trained on such files sees nothing, without a
# warning.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet opencv-python-headless==4.10.0.84 numpy==1.26.4 pillow==11.3.0

cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
from PIL import Image

print("opencv", cv2.__version__)
white = {}
for maxval in (255, 100, 4095):
    bytes_each = 1 if maxval < 256 else 2
    with open(f"binary{maxval}.pgm", "wb") as f:
        f.write(b"P5\n4 4\n%d\n" % maxval + maxval.to_bytes(bytes_each, "big") * 16)
    with open(f"text{maxval}.pgm", "w") as f:
        f.write(f"P2\n4 4\n{maxval}\n" + f"{maxval} " * 16 + "\n")
    for kind in ("binary", "text"):
        name = f"{kind}{maxval}.pgm"
        read = cv2.imread(name, cv2.IMREAD_COLOR)
        white[kind, maxval] = None if read is None else int(read.max())
        pillow = Image.open(name)
        print(f"{kind:6} maxval {maxval:4}: white is {white[kind, maxval]} of 255 in cv2; Pillow {pillow.mode} {pillow.getextrema()}")

expected = {("binary", 255): 255, ("binary", 100): 100, ("binary", 4095): 15, ("text", 100): 255, ("text", 4095): 15}
wrong = {key: white[key] for key, value in expected.items() if white[key] != value}
if wrong:
    sys.exit(f"not as stated: {wrong}")
print("white of a 12-bit PGM is 15 of 255")
PYTHON

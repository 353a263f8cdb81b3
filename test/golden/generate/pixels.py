"""What cv2 makes of small images of many sizes, as hashes: pixels.json.

Needs (PyPI): opencv-python-headless==4.14.0.90 numpy. On x86 with AVX2: there cv2 resizes doubles by Intel's IPP.

    python pixels.py OUTPUT_FOLDER
"""
import hashlib
import json
import sys

import cv2
import numpy as np

cv2.setNumThreads(0)


def image(seed, width, height):
    """Bytes of a linear congruential generator."""
    state, values = seed, []
    for _ in range(width * height * 3):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(state >> 24)
    return np.array(values, np.uint8).reshape(height, width, 3)


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array, np.uint8).tobytes()).hexdigest()[:16]


cases = []


def case(step, seed, size, result, **options):
    cases.append(dict(step=step, seed=seed, size=size, **options, digest=digest(result)))


SIZES = [(64, 48, 107, 80), (37, 51, 64, 40), (1, 7, 5, 3), (9, 1, 4, 2), (128, 30, 64, 15), (30, 22, 60, 44),
         (33, 65, 33, 20), (5, 4, 97, 61), (100, 80, 13, 11)]
for seed, (w, h, to_w, to_h) in enumerate(SIZES):
    a = image(seed, w, h)
    case('resize', seed, [w, h], cv2.resize(a, (to_w, to_h)), to=[to_w, to_h])
    for name, low in (('affine', [0, 0, 1]), ('perspective', [0.002, -0.001, 1])):
        matrix = np.array([[0.8, -0.21, 3.5 - seed], [0.17, 1.2, seed - 4.25], low], np.float32)
        warped = cv2.warpPerspective(a, matrix, (to_w, to_h), borderValue=(114, 20, 30))
        case(name, seed, [w, h], warped, to=[to_w, to_h], matrix=[float(x) for x in matrix.ravel()])
    case('hsv', seed, [w, h], cv2.cvtColor(a, cv2.COLOR_BGR2HSV))
    if min(w, h) > 1:  # one row or column is not left to IPP
        doubles = cv2.resize(a.astype(np.float64), (to_w, to_h)).astype(np.uint8)
        case('mix', seed, [w, h], doubles >> 1, to=[to_w, to_h])
for seed, (w, h) in enumerate([(64, 9), (128, 5)]):  # whole vectors of cv2's code: see src/data/pixels/hsv.ts
    hsv = cv2.cvtColor(image(seed, w, h), cv2.COLOR_BGR2HSV).astype(np.int16)
    shifted = np.stack([(hsv[..., 0] + 7) % 180, np.clip(hsv[..., 1] - 20, 0, 255), np.clip(hsv[..., 2] + 25, 0, 255)], -1)
    case('shift', seed, [w, h], cv2.cvtColor(shifted.astype(np.uint8), cv2.COLOR_HSV2BGR), shifts=[7, -20, 25])
with open(f'{sys.argv[1]}/pixels.json', 'w') as file:
    json.dump({'cv2': cv2.__version__, 'cases': cases}, file, indent=1)

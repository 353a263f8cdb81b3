"""Milliseconds of cv2's operators on one image of 640 x 480, on one thread. Prints one JSON line { operators, version }.

    python bench/python/pixels.py --rounds 15
"""
import argparse
import json
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument('--rounds', type=int, default=15)
args = parser.parse_args()

try:
    import cv2
    import numpy as np
except ImportError as error:
    sys.exit(f'skipped: {error}')

cv2.setNumThreads(0)
i = np.arange(640 * 480 * 3)
image = (128 + 100 * np.sin(i / 900) + (i * 7919) % 27).astype(np.uint8).reshape(480, 640, 3)
plane = image.reshape(-1)[:640 * 480].reshape(480, 640)
hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
matrix = np.array([[0.7, 0.05, -20], [-0.03, 0.7, 10], [0, 0, 1]])
clahe = cv2.createCLAHE(4.0, (8, 8))


def recolour():
    h, s, v = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2HSV))
    same = np.arange(256, dtype=np.uint8)
    return cv2.cvtColor(cv2.merge([cv2.LUT(h, same), cv2.LUT(s, same), cv2.LUT(v, same)]), cv2.COLOR_HSV2BGR)


def mix():
    """As MMDetection's MixUp: the other image is resized as doubles, mirrored, cut and averaged."""
    other = cv2.resize(image.astype(np.float64), (768, 576)).astype(np.uint8)[:, ::-1]
    return (0.5 * image + 0.5 * other[20:500, 30:670].astype(np.float32)).astype(np.uint8)


operators = {
    'bilinear resize to 1067 x 800': lambda: cv2.resize(image, (1067, 800)),
    'area resize to 427 x 320': lambda: cv2.resize(image, (427, 320), interpolation=cv2.INTER_AREA),
    'perspective warp': lambda: cv2.warpPerspective(image, matrix, (640, 480)),
    'BGR to HSV': lambda: cv2.cvtColor(image, cv2.COLOR_BGR2HSV),
    'HSV to BGR': lambda: cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR),
    'BGR to HSV, tables, and back': recolour,
    "MixUp's resize and mean": mix,
    'mirrored left to right': lambda: cv2.flip(image, 1),
    'CLAHE of one plane': lambda: clahe.apply(plane),
    'mean blur, 7 x 7': lambda: cv2.blur(image, (7, 7)),
    'median blur, 7 x 7': lambda: cv2.medianBlur(image, 7),
}
fastest = {}
for name, run in operators.items():
    for _ in range(args.rounds):
        start = time.perf_counter()
        run()
        fastest[name] = min(fastest.get(name, 1e9), 1000 * (time.perf_counter() - start))
print(json.dumps({'seconds': [], 'peakMB': 0, 'operators': fastest, 'version': f'cv2 {cv2.__version__}'}))

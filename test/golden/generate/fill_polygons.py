"""Writes ../fill_polygons.json: what cv2.fillPoly and cv2.drawContours fill, 120 polygons in full and 3000 by formula with one digest
for each thousand. Needs opencv-python-headless 4.11 (4.10 rounds otherwise) and numpy. Run: python fill_polygons.py
"""
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np


def fnv(name):
    h = 2166136261
    for b in name.encode():
        h = ((h ^ b) * 16777619) & 0xFFFFFFFF
    return h


def u01(name, n):
    x = (np.arange(n, dtype=np.uint64) + fnv(name)) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & 0xFFFFFFFF
    return x.astype(np.float64) / 2**32


def fill(width, height, parts):
    filled, drawn = np.zeros((2, height, width), np.uint8)
    points = [np.array(p, np.int32).reshape(-1, 1, 2) for p in parts]
    cv2.fillPoly(filled, points, 1)
    cv2.drawContours(drawn, points, -1, (1,), cv2.FILLED)
    assert np.array_equal(filled, drawn)
    return filled


def case(i):
    """Of every third the corners are inside, of the others up to a fifth or five times the image beyond it; every fifth has two parts."""
    u = iter(u01(f'polygon {i}', 64))
    width, height = 3 + int(next(u) * 50), 3 + int(next(u) * 50)
    beyond = (0, 0.2, 5)[i % 3]
    parts = []
    for _ in range(2 if i % 5 == 0 else 1):
        corners = 1 + int(next(u) * 9)
        parts.append([int(np.floor((next(u) * (1 + 2 * beyond) - beyond) * side)) for _ in range(corners) for side in (width, height)])
    return width, height, parts


def digest(bitmaps):
    return hashlib.sha256(b''.join(b.tobytes() for b in bitmaps)).hexdigest()[:16]


fills = [dict(width=w, height=h, parts=parts, digest=digest([fill(w, h, parts)])) for w, h, parts in map(case, range(120))]
thousands = [digest([fill(*case(i)) for i in range(k, k + 1000)]) for k in (0, 1000, 2000)]
path = Path(__file__).parent.parent / 'fill_polygons.json'
path.write_text(json.dumps(dict(opencv=cv2.__version__, fills=fills, thousands=thousands), separators=(',', ':')) + '\n')
print(path.stat().st_size)

"""imagecorruptions 1.1.2 on a 40 x 36 image, with random numbers that a formula gives, in place of numpy.random.

    pip install numpy scipy scikit-image pillow opencv-python ; python corruptions.py FOLDER_OF_imagecorruptions OUT.json

u(k) = frac(0.1 + k * 0.6180339887498949) for k = 0, 1, ..; normal: 3.4 u - 1.7; uniform: low + (high - low) u;
poisson: floor(mean + u); integers: low + floor((high - low) u). Values are those of the reference before they are truncated,
at every 23rd place.
"""
import importlib.util
import json
import sys
import types

import numpy as np
import scipy.ndimage
import skimage as sk
import skimage.color
import skimage.filters
from PIL import Image

for name, found in (('pkg_resources', dict(resource_filename=None)), ('scipy.ndimage.interpolation', dict(map_coordinates=scipy.ndimage.map_coordinates))):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__dict__.update(found)
np.float_ = np.float64
plain_gaussian = skimage.filters.gaussian
skimage.filters.gaussian = lambda image, sigma, multichannel=False, **options: plain_gaussian(
    image, sigma=tuple(sigma) if isinstance(sigma, np.ndarray) else sigma, channel_axis=-1 if multichannel else None, **options)
spec = importlib.util.spec_from_file_location('corruptions', sys.argv[1] + '/corruptions.py')
reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reference)

count = 0


def u(size=None):
    global count
    n = 1 if size is None else int(np.prod(size))
    found = np.array([(0.1 + k * 0.6180339887498949) % 1 for k in range(count, count + n)])
    count += n
    return found[0] if size is None else found.reshape(size)


np.random.normal = lambda loc=0.0, scale=1.0, size=None: loc + scale * (3.4 * u(size) - 1.7)
np.random.uniform = lambda low=0.0, high=1.0, size=None: low + (high - low) * u(size)
np.random.poisson = lambda lam: np.floor(lam + u(np.shape(lam)))
np.random.randint = lambda low, high=None, size=None: (low + np.floor((high - low) * u(size))).astype(int)

HEIGHT, WIDTH = 40, 36
ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
image = np.stack([(3 * xs + 5 * ys) % 256, (xs * xs // 7 + 11 * ys) % 256, ((xs // 16 + ys // 16) % 2) * 160 + (xs * ys) % 96], axis=2).astype(np.uint8)
NAMES = ['gaussian_noise', 'shot_noise', 'defocus_blur', 'glass_blur', 'motion_blur', 'zoom_blur', 'snow', 'fog', 'brightness',
         'contrast', 'elastic_transform', 'pixelate', 'speckle_noise', 'gaussian_blur', 'saturate']
results = {}
for name in NAMES:
    for severity in (1, 3, 5):
        count = 0
        try:
            found = getattr(reference, name)(Image.fromarray(image), severity)
            results[f'{name} {severity}'] = np.round(np.asarray(found, dtype=np.float64).reshape(-1)[::23], 5).tolist()
        except Exception as error:
            print(name, severity, error)


# Spatter smooths its numbers, which must be less even: u of the golden files' README. Frost of three textures by formulas, with
# OpenCV's own code, since Intel's rounds otherwise.
def hashed(name, size):
    x = np.uint32(2166136261)
    with np.errstate(over='ignore'):
        for byte in name.encode():
            x = (x ^ np.uint32(byte)) * np.uint32(16777619)
        x = np.arange(size, dtype=np.uint32) + x
        for shift, factor in ((16, 0x85ebca6b), (13, 0xc2b2ae35)):
            x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
    return (x ^ (x >> np.uint32(16))) / 2 ** 32


import cv2
cv2.ipp.setUseIPP(False)
ys, xs = np.mgrid[0:72, 0:96]
large = np.stack([(3 * xs + 5 * ys) % 256, (xs * xs // 7 + 11 * ys) % 256, ((xs // 16 + ys // 16) % 2) * 160 + (xs * ys) % 96], axis=2).astype(np.uint8)
np.random.normal = lambda loc=0.0, scale=1.0, size=None: loc + scale * (3.4 * hashed('spatter', int(np.prod(size))).reshape(size) - 1.7)
for severity in range(1, 6):
    found = reference.spatter(Image.fromarray(large), severity)
    results[f'spatter {severity}'] = np.asarray(found, dtype=np.float64).astype(np.uint8).reshape(-1)[::23].tolist()
np.random.randint = lambda low, high=None: int(np.floor(low * u())) if high is None else int(low + np.floor((high - low) * u()))
reference.resource_filename = lambda _, name: name
for severity, (height, width) in ((1, (90, 100)), (3, (50, 100)), (4, (120, 60)), (5, (40, 41))):
    ty, tx = np.mgrid[0:height, 0:width]
    texture = np.stack([(7 * tx + 3 * ty) % 256, (tx * ty) % 256, (tx * tx + ty) % 256], axis=2).astype(np.uint8)
    reference.cv2.imread = lambda _: texture[..., ::-1]
    count = 0
    found = reference.frost(Image.fromarray(large), severity)
    results[f'frost {severity}'] = np.asarray(found, dtype=np.float64).astype(np.uint8).reshape(-1)[::23].tolist()
with open(sys.argv[2], 'w') as file:
    json.dump(results, file, separators=(',', ':'))
    file.write('\n')

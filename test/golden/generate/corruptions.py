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
with open(sys.argv[2], 'w') as file:
    json.dump(results, file, separators=(',', ':'))
    file.write('\n')

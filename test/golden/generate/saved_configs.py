"""What MMDetection builds of the configs that recipes save: test/golden/saved_configs.json.

Of each file: a digest of the lines that set the model, the number of trained numbers, and a digest of the names and shapes of the state dict.
The pipelines and the batch augmentations are built too. Needs mmdet 3.3.0, mmyolo 0.6.0, mmcv 2.1.0, mmengine 0.10.7 and
torch. Run: SAVED_CONFIGS=FOLDER npx vitest run test/lab/save-config.test.ts, which writes the files, then
python saved_configs.py FOLDER.
"""

import hashlib
import json
import pathlib
import re
import sys

import mmyolo.registry
from mmdet.registry import MODELS, TRANSFORMS
from mmdet.utils import register_all_modules
from mmengine.config import Config
from mmyolo.utils import register_all_modules as register_mmyolo

GOLDEN = pathlib.Path(__file__).parent.parent / 'saved_configs.json'


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pipeline_of(dataset):
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset['pipeline']


def main(folder):
    result = {}
    for file in sorted(pathlib.Path(folder).glob('*.py')):
        config = Config.fromfile(file)
        yolo = config.default_scope == 'mmyolo'
        (register_mmyolo if yolo else register_all_modules)(init_default_scope=True)
        models, transforms = ((mmyolo.registry.MODELS, mmyolo.registry.TRANSFORMS) if yolo else (MODELS, TRANSFORMS))
        model = models.build(config.model)
        for part in ('train', 'val', 'test'):
            for step in pipeline_of(config[f'{part}_dataloader'].dataset):
                if not step['type'].endswith('Albu'):  # needs albumentations
                    transforms.build(step)
        listed = [[k, list(v.shape)] for k, v in model.state_dict().items()]
        text = json.dumps(listed, separators=(',', ':'))
        result[file.stem] = dict(
            model=digest(re.search(r'^model = dict\(\n.*?^\)\n', file.read_text(), re.S | re.M)[0]),
            parameters=sum(p.numel() for p in model.parameters()),
            state=digest(text))
        print(file.stem, result[file.stem], flush=True)
    GOLDEN.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main(sys.argv[1])

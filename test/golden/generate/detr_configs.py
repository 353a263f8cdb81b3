# Writes test/golden/config_detr_family.json: MMDetection's configs of the DETR family after inheritance, as JSON.
# Needs mmdet 3.3.0 (its config files come with it) and mmengine 0.10.7.
# Run: python test/golden/generate/detr_configs.py
import json
import pathlib

import mmdet
from mmengine.config import Config

FILES = [
    'detr/detr_r50_8xb2-500e_coco', 'detr/detr_r101_8xb2-500e_coco', 'detr/detr_r18_8xb2-500e_coco',
    'conditional_detr/conditional-detr_r50_8xb2-50e_coco', 'dab_detr/dab-detr_r50_8xb2-50e_coco',
    'deformable_detr/deformable-detr_r50_16xb2-50e_coco', 'deformable_detr/deformable-detr-refine_r50_16xb2-50e_coco',
    'deformable_detr/deformable-detr-refine-twostage_r50_16xb2-50e_coco', 'dino/dino-4scale_r50_8xb2-12e_coco',
    'dino/dino-4scale_r50_8xb2-24e_coco', 'dino/dino-4scale_r50_8xb2-36e_coco',
    'dino/dino-4scale_r50_improved_8xb2-12e_coco', 'dino/dino-5scale_swin-l_8xb2-12e_coco',
    'dino/dino-5scale_swin-l_8xb2-36e_coco',
]
folder = pathlib.Path(mmdet.__file__).parent / '.mim/configs'
merged = {file.split('/')[1]: Config.fromfile(str(folder / f'{file}.py')).to_dict() for file in FILES}
target = pathlib.Path(__file__).parent.parent / 'config_detr_family.json'
target.write_text(json.dumps(merged, separators=(',', ':')) + '\n')
print(target, target.stat().st_size)

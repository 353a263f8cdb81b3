# Writes test/golden/model_params.json: for whole models of MMDetection, the number of entries of the state dict, of trained
# numbers, and a digest of the names and shapes in order.
# Needs mmdet 3.3.0, mmcv 2.1.0, mmengine 0.10.7 and torch. Run: python test/golden/generate/model_params.py
import hashlib
import json
import pathlib

import mmdet
from mmdet.registry import MODELS
from mmdet.utils import register_all_modules
from mmengine.config import Config

register_all_modules()
GOLDEN = pathlib.Path(__file__).parent.parent / 'model_params.json'
configs = pathlib.Path(mmdet.__file__).parent / '.mim' / 'configs'

result = {}
for name in json.loads(GOLDEN.read_text()):
    (file,) = configs.glob(f'*/{name}.py')
    model = MODELS.build(Config.fromfile(file).model)
    listed = [[k, list(v.shape)] for k, v in model.state_dict().items()]
    text = json.dumps(listed, separators=(',', ':'))
    result[name] = dict(entries=len(listed), parameters=sum(p.numel() for p in model.parameters()),
                        digest=hashlib.sha256(text.encode()).hexdigest()[:16])
    print(name, result[name])
GOLDEN.write_text(json.dumps(result, indent=1) + '\n')

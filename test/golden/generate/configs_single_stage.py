# Writes test/golden/configs_single_stage.json: the digest of each one-stage config of MMDetection and MMYOLO after
# inheritance, made as in configs_two_stage.py.
# Needs mmdet 3.3.0, mmyolo 0.6.0 and mmengine 0.10.7. Run: python test/golden/generate/configs_single_stage.py
import hashlib
import json
import pathlib
import re
from decimal import Decimal

import mmdet
import mmyolo
from mmengine.config import Config

GOLDEN = pathlib.Path(__file__).parent.parent / 'configs_single_stage.json'
folders = [pathlib.Path(module.__file__).parent / '.mim' / 'configs' for module in (mmdet, mmyolo)]


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return int(v) if isinstance(v, float) and v.is_integer() else v


def as_javascript(match):
    # Python writes 1e-05 and 1e-09 where JavaScript writes 0.00001 and 1e-9
    exponent = int(match[2])
    return format(Decimal(match[0]), 'f') if exponent <= 6 else f'{match[1]}e-{exponent}'


result = {}
for name in json.loads(GOLDEN.read_text()):
    (file,) = [f for folder in folders for f in folder.glob(f'*/{name}.py')]
    text = json.dumps(plain(Config.fromfile(file).to_dict()), sort_keys=True, separators=(',', ':'), ensure_ascii=False)
    text = re.sub(r'(?<=[:,\[])(\d(?:\.\d+)?)e-(\d+)', as_javascript, text)
    result[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
GOLDEN.write_text(json.dumps(result, indent=1) + '\n')

# Writes test/golden/configs_two_stage.json: the digest of each of MMDetection's two-stage configs after inheritance.
# A digest is the start of the SHA-256 of the config as JSON: keys sorted, no spaces, whole numbers without a fraction.
# Needs mmdet 3.3.0 and mmengine 0.10.7. Run: python test/golden/generate/configs_two_stage.py
import hashlib
import json
import pathlib

import mmdet
from mmengine.config import Config

GOLDEN = pathlib.Path(__file__).parent.parent / "configs_two_stage.json"
configs = pathlib.Path(mmdet.__file__).parent / ".mim" / "configs"


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return int(v) if isinstance(v, float) and v.is_integer() else v


result = {}
for name in json.loads(GOLDEN.read_text()):
    (file,) = configs.glob(f"*/{name}.py")
    text = json.dumps(plain(Config.fromfile(file).to_dict()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    result[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
GOLDEN.write_text(json.dumps(result, indent=1) + "\n")

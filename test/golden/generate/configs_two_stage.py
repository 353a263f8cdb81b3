# Writes test/golden/configs_two_stage.json and configs_families.json: the digest of each of the MMDetection and MMYOLO configs named
# in them, two-stage ones and those of further families, after inheritance.
# A digest is the start of the SHA-256 of the config as JSON: keys sorted, no spaces, numbers as JavaScript writes them.
# Needs mmdet 3.3.0, mmyolo 0.6.0 and mmengine 0.10.7. Run: python test/golden/generate/configs_two_stage.py
import decimal
import hashlib
import json
import pathlib
import re

import mmdet
import mmyolo
from mmengine.config import Config

GOLDEN = pathlib.Path(__file__).parent.parent
folders = [pathlib.Path(package.__file__).parent / ".mim" / "configs" for package in (mmdet, mmyolo)]


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return int(v) if isinstance(v, float) and v.is_integer() else v


def digest(name):
    (file,) = [file for folder in folders for file in folder.glob(f"**/{name}.py")]
    text = json.dumps(plain(Config.fromfile(file, import_custom_modules=False).to_dict()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # Python writes 0.00005 as 5e-05; JavaScript does so below 0.000001 only
    text = re.sub(r"\b[\d.]+e-0[56]\b", lambda match: f"{decimal.Decimal(match[0]):f}", text)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


for golden in (GOLDEN / "configs_two_stage.json", GOLDEN / "configs_families.json"):
    digests = {name: digest(name) for name in json.loads(golden.read_text())}
    golden.write_text(json.dumps(digests, indent=1) + "\n")

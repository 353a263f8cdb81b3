# Writes test/golden/cityscapes_annotations.json: what MMDetection's dataset_converters/cityscapes.py writes of the maps of instance
# ids in cityscapes_eval.json ("scenes 0"), as images of two cities.
# Needs mmdet 3.3.0 (its .mim folder), mmcv, mmengine, cityscapesScripts 2.2.4, pycocotools.
# Run: python test/golden/generate/cityscapes_annotations.py
import base64
import importlib.util
import json
import pathlib
import tempfile

import mmdet

golden = pathlib.Path(__file__).parents[1]
tool = pathlib.Path(mmdet.__file__).parent / ".mim/tools/dataset_converters/cityscapes.py"
spec = importlib.util.spec_from_file_location("cityscapes", tool)
converter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(converter)

root = pathlib.Path(tempfile.mkdtemp())
images = json.loads((golden / "cityscapes_eval.json").read_text())["cases"]["scenes 0"]["images"]
for i, image in enumerate(images):
    city = "aachen" if i < 3 else "bochum"
    name = f"{city}_{i:06}_000019"
    for part, suffix in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_instanceIds")):
        file = root / part / "val" / city / f"{name}_{suffix}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(image["png"]))
files = sorted(converter.collect_files(str(root / "leftImg8bit/val"), str(root / "gtFine/val")))
out = golden / "cityscapes_annotations.json"
converter.cvt_annotations([converter.load_img_info(file) for file in files], str(out))
print(out.stat().st_size)

# Writes test/golden/saved_results.json: what pycocotools makes of a results file that DetLab has saved. Its argument is a folder with
# gt.json and results.coco.json, as test/lab/prediction/coco-entries.test.ts writes them with DETLAB_SAVED_RESULTS=FOLDER.
# Needs pycocotools. Run: python test/golden/generate/saved_results.py FOLDER
import importlib.metadata
import json
import pathlib
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

folder = pathlib.Path(sys.argv[1])
coco = COCO(str(folder / "gt.json"))
results = json.loads((folder / "results.coco.json").read_text())
read = coco.loadRes(str(folder / "results.coco.json"))
stats = {}
for kind in ("bbox", "segm"):
    if kind == "segm":  # as MMDetection: of an entry with a box pycocotools takes the box's area for that of the mask
        read = coco.loadRes([{key: value for key, value in entry.items() if key != "bbox"} for entry in results])
    evaluation = COCOeval(coco, read, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    stats[kind] = evaluation.stats.tolist()
golden = {
    "pycocotools": importlib.metadata.version("pycocotools"),
    "gt": json.loads((folder / "gt.json").read_text()),
    "results": results,
    "stats": stats,
}
path = pathlib.Path(__file__).parents[1] / "saved_results.json"
path.write_text(json.dumps(golden) + "\n")

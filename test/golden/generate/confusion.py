# Writes test/golden/confusion.json: the counts of MMDetection's tools/analysis_tools/confusion_matrix.py on golden COCO files and on
# those of tide.json, at several settings. The tool's own functions are called, without plotting.
# Needs mmdet 3.3.0 (its .mim folder), mmcv 2.1.0, mmengine, matplotlib; test/golden/tide.json.
# Run: python test/golden/generate/confusion.py
import importlib.util
import json
import pathlib

import mmdet
import numpy as np
import torch
from mmengine.structures import InstanceData

golden = pathlib.Path(__file__).parents[1]
tool = pathlib.Path(mmdet.__file__).parent / ".mim/tools/analysis_tools/confusion_matrix.py"
spec = importlib.util.spec_from_file_location("confusion_matrix", tool)
confusion_matrix = importlib.util.module_from_spec(spec)
spec.loader.exec_module(confusion_matrix)


class Data:
    """What calculate_confusion_matrix reads of a dataset, as CocoDataset.parse_data_info makes it."""

    def __init__(self, gt):
        self.categories = [c["id"] for c in gt["categories"]]
        self.metainfo = {"classes": [c["name"] for c in gt["categories"]]}
        self.images = gt["images"]
        self.gt = gt

    def __len__(self):
        return len(self.images)

    def get_data_info(self, i):
        found = [a for a in self.gt["annotations"] if a["image_id"] == self.images[i]["id"]]
        instances = []
        for a in found:
            x, y, w, h = a["bbox"]
            label = self.categories.index(a["category_id"])
            instances.append({"bbox": [x, y, x + w, y + h], "bbox_label": label, "ignore_flag": a["iscrowd"]})
        return {"instances": instances}

    def results(self, dt):
        for image in self.images:
            found = [d for d in dt if d["image_id"] == image["id"]]
            boxes = np.array([d["bbox"] for d in found], dtype=np.float64).reshape(-1, 4)
            boxes[:, 2:] += boxes[:, :2]
            labels = [self.categories.index(d["category_id"]) for d in found]
            yield {
                "pred_instances": InstanceData(
                    bboxes=torch.tensor(boxes, dtype=torch.float32),
                    scores=torch.tensor([d["score"] for d in found], dtype=torch.float32),
                    labels=torch.tensor(labels, dtype=torch.int64),
                )
            }


def read(name):
    return json.loads((golden / name).read_text())


files = {size: {"gt": read(f"coco_gt_{size}.json"), "dt": read(f"coco_dt_{size}.json")} for size in ("tiny", "small")}
files.update(read("tide.json")["files"])
result = {"versions": {"mmdet": mmdet.__version__}, "cases": {}}
for name, case in files.items():
    data = Data(case["gt"])
    for score, iou in ((0.3, 0.5), (0.05, 0.5), (0.5, 0.75), (0, 0.5)):
        counts = confusion_matrix.calculate_confusion_matrix(
            data, list(data.results(case["dt"])), score_thr=score, tp_iou_thr=iou
        )
        result["cases"][f"{name}/{score}/{iou}"] = counts.astype(int).tolist()
(golden / "confusion.json").write_text(f"{json.dumps(result, separators=(',', ':'))}\n")
print(result["cases"]["worked/0.3/0.5"])

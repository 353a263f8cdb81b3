from .coco import CocoDataset
from .registry import DATASETS
@DATASETS.register_module
class CustomDataset(CocoDataset):
CLASSES = ('a', 'b', 'c', 'd', 'e')

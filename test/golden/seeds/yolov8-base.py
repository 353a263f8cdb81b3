_base_ = yolov8_s_syncbn_fast_8xb16-500e_coco.py

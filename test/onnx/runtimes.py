"""Runs exported detectors in ONNX Runtime and OpenVINO: a JSON line for each file with the largest differences from DetLab's boxes
and scores, or with what went wrong. `runtimes.py FOLDER` with NAME.onnx and NAME.json (inputs, expected detections, image size)."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import openvino as ov

OUTPUTS = ['boxes', 'scores', 'labels']
# of each detection, and of each image
MORE = ['masks', 'keypoints']
WHOLE = ['segments']


def clipped(boxes, size, columns):
    height, width = size
    rows = np.asarray(boxes, 'float32').reshape(-1, columns)
    # of five columns they are rotated, and not clipped
    return np.clip(rows, 0, [width, height, width, height]) if columns == 4 else rows


def compare(found, expected, size):
    """Every detection has a counterpart of its class within 0.01 pixels and 1e-4."""
    worst_box = worst_score = 0.0
    worst = {name: 0.0 for name in MORE}
    boxes_of, scores_of, labels_of, *more_of = found
    segment = 0.0
    for i, (boxes, scores, labels, image) in enumerate(zip(boxes_of, scores_of, labels_of, expected)):
        if 'segments' in image:
            segment = max(segment, float((more_of[-1][i].ravel() != image['segments']).mean()))
        rows = np.flatnonzero(labels >= 0)
        if len(rows) != len(image['scores']):
            raise ValueError(f'{len(rows)} detections, expected {len(image["scores"])}')
        columns = boxes.shape[-1]
        target, placed, free = clipped(image['boxes'], size, columns), clipped(boxes, size, columns), set(range(len(rows)))
        for k in rows:
            gaps = {j: (np.abs(target[j] - placed[k]).max(), abs(image['scores'][j] - scores[k])) for j in free}
            near = [j for j, (box, score) in gaps.items() if image['labels'][j] == labels[k] and box < 1e-2 and score < 1e-4]
            if not near:
                raise ValueError(f'no counterpart of {placed[k]}, score {scores[k]}, label {labels[k]}')
            # of several that are as good as equal, the nearest: clipped boxes may coincide
            match = min(near, key=lambda j: gaps[j][0] / 1e-2 + gaps[j][1] / 1e-4)
            free.remove(match)
            worst_box, worst_score = max(worst_box, gaps[match][0]), max(worst_score, gaps[match][1])
            for name, values in zip([name for name in MORE if name in image], more_of):
                gap = np.abs(values[i][k].ravel() - image[name][match]).max()
                worst[name] = max(worst[name], float(gap))
    masks, keypoints = (worst[name] for name in MORE)
    return {'box': float(worst_box), 'score': float(worst_score), 'mask': masks, 'keypoint': keypoints, 'segment': segment}


def names(case):
    return OUTPUTS + [name for name in MORE + WHOLE if name in case['expected'][0]]


def onnxruntime(file, feed, case):
    options = ort.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = ort.InferenceSession(str(file), options, providers=['CPUExecutionProvider'])
    return session.run(names(case), feed)


def openvino(file, feed, case):
    core = ov.Core()
    # without the hint it may compute in lower precision, by the processor
    settings = {'INFERENCE_PRECISION_HINT': 'f32', 'INFERENCE_NUM_THREADS': 1}
    compiled = core.compile_model(core.read_model(str(file)), 'CPU', settings)
    results = compiled(feed)
    return [results[compiled.output(name)] for name in names(case)]


for file in sorted(Path(sys.argv[1]).glob('*.onnx')):
    case = json.loads(file.with_suffix('.json').read_text())
    feed = {name: np.array(x['data'], 'float32').reshape(x['shape']) for name, x in case['inputs'].items()}
    result = {'name': file.stem}
    try:
        onnx.checker.check_model(str(file), full_check=True)
        for run in (onnxruntime, openvino):
            result[run.__name__] = compare(run(file, feed, case), case['expected'], case['size'])
    except Exception as error:
        result['error'] = f'{type(error).__name__}: {str(error)[:400]}'
    print(json.dumps(result), flush=True)

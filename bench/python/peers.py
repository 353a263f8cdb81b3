"""Times other runtimes on the networks of this folder, for `npm run bench -- --peers`.

    python bench/python/peers.py prepare --case yolov8_s --folder build/peers/yolov8_s
    python bench/python/peers.py measure --case yolov8_s --folder build/peers/yolov8_s --peer openvino --precision bf16

`prepare` writes the network (model.onnx), an image and what eager torch in float32 makes of it. `measure` prints one JSON line
as bench.py does. It checks the outputs against eager torch's, after the times and the memory were taken: what differs is an
error, and no time.
"""

import argparse
import json
import os
import re
import time

import numpy as np

CASES = ('resnet50_fpn', 'yolov8_s')
# largest difference over largest value in float32; in bfloat16 the root of the mean squares, relatively
TOLERANCE = {'f32': 1e-3, 'bf16': 0.1}


def peak_mb():
    with open('/proc/self/status') as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith('VmHWM'))


def network(case):
    """Feature levels of ResNet-50-FPN; logits and boxes in pixels of YOLOv8-s, before non-maximum suppression."""
    import torch

    from bench import build

    class Predictions(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, images):
            scores, *regression = self.model(images)
            return scores, self.model.decode(*regression)

    torch.manual_seed(0)
    model = build(case).eval().requires_grad_(False)
    return Predictions(model) if case == 'yolov8_s' else model


def prepare(arguments):
    import torch

    from bench import CASES as SIZES

    model = network(arguments.case)
    images = torch.randn(1, 3, *SIZES[arguments.case]['size'], generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        outputs = model(images)
    os.makedirs(arguments.folder, exist_ok=True)
    place = lambda name: os.path.join(arguments.folder, name)
    np.save(place('images.npy'), images.numpy())
    np.savez(place('outputs.npz'), *[x.numpy() for x in outputs])
    # the exporter by tracing, which needs no further package
    torch.onnx.export(model, (images,), place('model.onnx'), input_names=['images'], opset_version=17, dynamo=False)
    print(json.dumps({'outputs': len(outputs)}))


def onnxruntime(arguments, images):
    import onnxruntime

    if arguments.precision != 'f32':
        raise SystemExit('skipped: ONNX Runtime has no bfloat16 convolutions on a CPU')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    file = os.path.join(arguments.folder, 'model.onnx')
    session = onnxruntime.InferenceSession(file, options, providers=['CPUExecutionProvider'])
    return onnxruntime.__version__, lambda: session.run(None, {'images': images})


def openvino(arguments, images):
    import openvino

    core = openvino.Core()
    if arguments.precision == 'bf16' and 'BF16' not in core.get_property('CPU', 'OPTIMIZATION_CAPABILITIES'):
        raise SystemExit('skipped: OpenVINO does not compute in bfloat16 on this processor')
    settings = {
        'PERFORMANCE_HINT': 'LATENCY',
        'INFERENCE_NUM_THREADS': arguments.threads,
        'INFERENCE_PRECISION_HINT': arguments.precision,
    }
    compiled = core.compile_model(os.path.join(arguments.folder, 'model.onnx'), 'CPU', settings)
    request = compiled.create_infer_request()

    def run():
        request.infer({'images': images}, share_inputs=True)
        return [request.get_output_tensor(i).data for i in range(len(compiled.outputs))]

    return openvino.__version__.split('-')[0], run


def torch_run(arguments, images, model, options=None):
    """Torch, eager or compiled, in its better layout for convolutions."""
    import torch

    torch.set_num_threads(arguments.threads)
    model = model.to(memory_format=torch.channels_last)
    inputs = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)
    run = model if options is None else torch.compile(model, options=options)

    def step():
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16, enabled=arguments.precision == 'bf16'):
            return run(inputs)

    return torch.__version__.split('+')[0], step


def compiled(arguments, images):
    # frozen: weights become constants in oneDNN's layout, which is not always faster
    return torch_run(arguments, images, network(arguments.case), {'freezing': arguments.variant == 'frozen'})


def mmdetection(arguments, images):
    """MMDetection's (MMYOLO's) own modules with the weights of this folder's network."""
    import sys
    import types

    # mmcv-lite has no compiled operators; those that are imported are not called here
    def missing(name):
        if name.startswith('__'):
            raise AttributeError(name)

        def call(*_, **__):
            raise RuntimeError(f'{name} is not in mmcv-lite')

        return call

    extension = types.ModuleType('mmcv._ext')
    extension.__getattr__ = missing
    sys.modules['mmcv._ext'] = extension

    import torch
    from mmdet.registry import MODELS

    import mmdet

    ours = network(arguments.case)
    if arguments.case == 'resnet50_fpn':
        import mmdet.models  # noqa: F401

        model = torch.nn.Sequential(
            MODELS.build(
                dict(type='ResNet', depth=50, num_stages=4, out_indices=(0, 1, 2, 3), norm_cfg=dict(type='BN'), style='pytorch')
            ),
            MODELS.build(dict(type='FPN', in_channels=[256, 512, 1024, 2048], out_channels=256, num_outs=5)),
        )
        names = {'backbone': '0', 'neck': '1'}
        state = {re.sub(r'^\w+', lambda m: names[m[0]], name): value for name, value in ours.state_dict().items()}
        model.load_state_dict(state)
        return mmdet.__version__, torch_run(arguments, images, model.eval())[1]
    import mmyolo
    from mmengine.config import ConfigDict
    from mmyolo.registry import MODELS as YOLO
    from mmyolo.utils import register_all_modules

    register_all_modules(init_default_scope=True)
    size = dict(deepen_factor=0.33, widen_factor=0.5)
    norm = dict(norm_cfg=dict(type='BN', momentum=0.03, eps=0.001), act_cfg=dict(type='SiLU', inplace=True))
    channels = [256, 512, 1024]
    backbone = YOLO.build(ConfigDict(type='YOLOv8CSPDarknet', arch='P5', last_stage_out_channels=1024, **size, **norm))
    neck = YOLO.build(
        ConfigDict(type='YOLOv8PAFPN', in_channels=channels, out_channels=channels, num_csp_blocks=3, **size, **norm)
    )
    head = YOLO.build(
        ConfigDict(
            type='YOLOv8HeadModule', num_classes=80, in_channels=channels, reg_max=16, widen_factor=0.5,
            featmap_strides=[8, 16, 32], **norm,
        )
    )

    class Predictions(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.neck, self.head = backbone, neck, head

        def forward(self, x):
            logits, distances = self.head(self.neck(self.backbone(x)))
            flat = lambda levels: torch.cat([y.flatten(2).transpose(1, 2).float() for y in levels], 1)
            reach = flat(distances) * self.strides
            return flat(logits), torch.cat([self.centres - reach[..., :2], self.centres + reach[..., 2:]], -1)

    model = Predictions()
    patterns = [
        (r'^model\.stem', 'backbone.stem'),
        (r'^model\.stages\.(\d)', lambda m: f'backbone.stage{int(m[1]) + 1}'),
        (r'^model\.(top_down|bottom_up|downsample)\.', r'neck.\1_layers.'),
        (r'^model\.(cls_preds|reg_preds)', r'head.\1'),
    ]
    state = {}
    for name, value in ours.state_dict().items():
        for pattern, replacement in patterns:
            name = re.sub(pattern, replacement, name)
        state[name] = value
    left = model.load_state_dict(state, strict=False)
    if left.unexpected_keys or [name for name in left.missing_keys if 'proj' not in name]:
        raise RuntimeError(f'weights do not match: {left}')
    with torch.inference_mode():
        _, _, centres, strides = ours.model(torch.from_numpy(images))
    model.centres, model.strides = centres.clone(), strides.clone()
    return mmyolo.__version__, torch_run(arguments, images, model.eval())[1]


PEERS = {'onnxruntime': onnxruntime, 'openvino': openvino, 'compile': compiled, 'mmdet': mmdetection}


def difference(precision, output, reference):
    error = output.astype(np.float64) - reference
    if precision == 'f32':
        return np.abs(error).max() / np.abs(reference).max()
    return np.sqrt((error**2).mean() / (reference.astype(np.float64) ** 2).mean())


def measure(arguments):
    images = np.load(os.path.join(arguments.folder, 'images.npy'))
    version, run = PEERS[arguments.peer](arguments, images)
    seconds = []
    for _ in range(arguments.reps + arguments.warm_ups):
        started = time.perf_counter()
        outputs = run()
        seconds.append(round(time.perf_counter() - started, 4))
    peak = peak_mb()
    references = np.load(os.path.join(arguments.folder, 'outputs.npz'))
    references = [references[name] for name in references.files]
    outputs = [x if isinstance(x, np.ndarray) else x.float().numpy() for x in outputs]
    if [x.shape for x in outputs] != [x.shape for x in references]:
        raise SystemExit(f'outputs differ from eager torch: {[x.shape for x in outputs]}')
    error = max(difference(arguments.precision, *pair) for pair in zip(outputs, references))
    if not error <= TOLERANCE[arguments.precision]:
        raise SystemExit(f'outputs differ from eager torch by {error:.2g}, more than {TOLERANCE[arguments.precision]}')
    report = {
        'seconds': seconds[arguments.warm_ups :],
        'peakMB': round(peak),
        'version': version,
        'difference': float(f'{error:.2g}'),
    }
    print(json.dumps(report))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('work', choices=['prepare', 'measure'])
    parser.add_argument('--case', choices=CASES, required=True)
    parser.add_argument('--folder', required=True)
    parser.add_argument('--peer', choices=PEERS)
    parser.add_argument('--variant', choices=['plain', 'frozen'], default='plain', help='of torch.compile')
    parser.add_argument('--precision', choices=TOLERANCE, default='f32')
    parser.add_argument('--reps', type=int, default=3)
    parser.add_argument('--warm-ups', type=int, default=2)
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.work == 'prepare':
        prepare(arguments)
    else:
        measure(arguments)


if __name__ == '__main__':
    main()

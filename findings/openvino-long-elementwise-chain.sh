#!/usr/bin/env bash
# openvino 2026.4.1 on a CPU: a model whose elementwise part reads many values at once.
#
# Expected: what an exporter writes for a table of steps, `Where(y > k, value_k, before)` for k = 0, 1, ..., compiles; ONNX's checker
# takes it, and ONNX Runtime computes it.
# Found: OpenVINO joins the chain into one generated kernel (a snippet) and does not split it where the processor's vector registers
# do not suffice: compile_model raises "Can't allocate registers for a snippet", for the whole model. With AVX2 that is so from 14
# steps on (13 compile). `SNIPPETS_MODE: DISABLE` compiles it and gives the right values, so that it is no lack of the operators.
# Assignment of regions to levels of a pyramid, bins of a distribution and class-wise thresholds are written so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q openvino==2026.4.1 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnx
import openvino as ov
from onnx import TensorProto, helper

SIZE, STEPS = 64, 40


def steps(count):
    """The value of the highest step below y, and x below all steps."""
    nodes, constants, last = [], [], 'x'
    for k in range(count):
        constants += [helper.make_tensor(f'step{k}', TensorProto.FLOAT, [], [float(k)]),
                      helper.make_tensor(f'value{k}', TensorProto.FLOAT, [], [k / 2])]
        nodes += [helper.make_node('Greater', ['y', f'step{k}'], [f'above{k}']),
                  helper.make_node('Where', [f'above{k}', f'value{k}', last], [f'chosen{k}'])]
        last = f'chosen{k}'
    def tensor(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [SIZE])
    graph = helper.make_graph(nodes, 'steps', [tensor('x'), tensor('y')], [tensor(last)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)])
    onnx.checker.check_model(model)
    return model.SerializeToString()


def result(count, **settings):
    core = ov.Core()
    try:
        compiled = core.compile_model(core.read_model(steps(count)), 'CPU', settings)
    except RuntimeError as error:
        return str(error).strip().splitlines()[-1]
    return float(compiled([np.ones(SIZE, np.float32), np.full(SIZE, 7.5, np.float32)])[0][0])


print('openvino', ov.__version__)
first = next((n for n in range(2, STEPS + 1) if isinstance(result(n), str)), None)
joined, apart = result(STEPS), result(STEPS, SNIPPETS_MODE='DISABLE')
print('steps from which it does not compile:', first)
print(f'{STEPS} steps: {joined}\n{STEPS} steps, snippets disabled: {apart}')
sys.exit(0 if isinstance(joined, str) and 'allocate registers' in joined and apart == 3.5 else 1)
PYTHON

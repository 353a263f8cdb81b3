"""Writes the reference values of the engine conformance suite: conformance.json (cases) and conformance.safetensors.

    python test/golden/engine/generate.py

Inputs are float32 numbers drawn from a seed made of the case's name; outputs and gradients are computed from them in
float64 by torch (reference_ops.py) and stored rounded to float32. A gradient is that of sum(output * weight).
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from cases import CASES, OPTIMIZER_CASES
from reference_ops import OPS

HERE = Path(__file__).parent
TORCH = {'float32': torch.float64, 'int32': torch.int32, 'bool': torch.bool}


def stored(tensor):
    """A torch tensor as the engine would hold it: float32, int32 or (as bytes) bool."""
    array = tensor.detach().contiguous().numpy()
    if array.dtype == np.bool_:
        return array.astype(np.uint8), 'bool'
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.int32), 'int32'
    return array.astype(np.float32), 'float32'


def run_case(case, tensors):
    inputs, arguments = [], {}
    for name, make in case['inputs'].items():
        random = np.random.default_rng(zlib.crc32(f"{case['name']}/{name}".encode()))
        array = make(random)
        dtype = {'f': 'float32', 'i': 'int32', 'b': 'bool'}[array.dtype.kind]
        array = array.astype({'float32': np.float32, 'int32': np.int32, 'bool': np.bool_}[dtype])
        key = f"{case['name']}/in/{name}"
        tensors[key] = array.astype(np.uint8) if dtype == 'bool' else array
        inputs.append({'name': name, 'key': key, 'dtype': dtype, 'shape': list(array.shape)})
        arguments[name] = torch.tensor(array).to(TORCH[dtype])
    differentiated = case['grad']
    if differentiated is None:
        differentiated = [i['name'] for i in inputs if i['dtype'] == 'float32']
    for name in differentiated:
        arguments[name].requires_grad_()
    result = OPS[case['op']](**arguments, **case['attrs'])
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    outputs, loss = [], 0
    random = np.random.default_rng(zlib.crc32(f"{case['name']}/weights".encode()))
    for i, output in enumerate(results):
        array, dtype = stored(output)
        entry = {'key': f"{case['name']}/out/{i}", 'dtype': dtype, 'shape': list(array.shape)}
        tensors[entry['key']] = array
        if differentiated and output.requires_grad:
            weight = random.uniform(0.5, 1.5, array.shape) * random.choice([-1, 1], array.shape)
            entry['weight'] = f"{case['name']}/weight/{i}"
            tensors[entry['weight']] = np.asarray(weight, np.float32)
            loss = loss + (output * torch.tensor(tensors[entry['weight']]).double()).sum()
        outputs.append(entry)
    gradients = []
    if differentiated and isinstance(loss, torch.Tensor):
        leaves = [arguments[name] for name in differentiated]
        for name, gradient in zip(differentiated, torch.autograd.grad(loss, leaves, allow_unused=True)):
            key = f"{case['name']}/grad/{name}"
            value = torch.zeros_like(arguments[name]) if gradient is None else gradient
            tensors[key] = stored(value)[0]
            gradients.append({'name': name, 'key': key})
    return {
        'name': case['name'],
        'op': case['op'],
        'attrs': case['attrs'],
        'inputs': inputs,
        'outputs': outputs,
        'gradients': gradients,
    }


def run_optimizer(case, tensors):
    """Three steps of torch.optim.SGD over two parameters, after clip_grad_norm_ where asked for."""
    random = np.random.default_rng(zlib.crc32(case['name'].encode()))
    shapes = [[3, 3, 2, 4], [5]]
    draw = lambda shape: random.normal(size=shape).astype(np.float32)
    parameters = [torch.nn.Parameter(torch.tensor(draw(s)).double()) for s in shapes]
    for i, p in enumerate(parameters):
        tensors[f"{case['name']}/start/{i}"] = stored(p)[0]
    optimizer = torch.optim.SGD(parameters, **case['options'])
    norms = []
    for step in range(3):
        for i, p in enumerate(parameters):
            gradient = draw(shapes[i])
            tensors[f"{case['name']}/gradient/{step}/{i}"] = gradient
            p.grad = torch.tensor(gradient).double()
        if case['maxNorm'] is not None:
            norms.append(float(torch.nn.utils.clip_grad_norm_(parameters, case['maxNorm'])))
        optimizer.step()
        for i, p in enumerate(parameters):
            tensors[f"{case['name']}/after/{step}/{i}"] = stored(p)[0]
    return {**case, 'shapes': shapes, 'norms': norms}


def write_safetensors(path, tensors):
    names = {np.dtype(np.float32): 'F32', np.dtype(np.int32): 'I32', np.dtype(np.uint8): 'U8'}
    # widest types first keeps every tensor aligned to its own size
    order = sorted(tensors, key=lambda k: -tensors[k].dtype.itemsize)
    header, offset = {}, 0
    for key in order:
        array = tensors[key]
        header[key] = {'dtype': names[array.dtype], 'shape': list(array.shape), 'data_offsets': [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        for key in order:
            file.write(np.ascontiguousarray(tensors[key]).tobytes())


def main():
    torch.manual_seed(0)
    tensors = {}
    cases = [run_case(case, tensors) for case in CASES]
    optimizers = [run_optimizer(case, tensors) for case in OPTIMIZER_CASES]
    names = [c['name'] for c in cases + optimizers]
    duplicates = {n for n in names if names.count(n) > 1}
    assert not duplicates, f'Case names must differ: {duplicates}'
    lines = lambda items: ',\n'.join(json.dumps(item) for item in items)
    (HERE / 'conformance.json').write_text(
        f'{{"cases": [\n{lines(cases)}\n],\n"optimizers": [\n{lines(optimizers)}\n]}}\n'
    )
    write_safetensors(HERE / 'conformance.safetensors', tensors)
    size = (HERE / 'conformance.safetensors').stat().st_size
    print(f'{len(cases)} cases, {len(optimizers)} optimizer runs, {size / 1024:.0f} KB')


if __name__ == '__main__':
    main()

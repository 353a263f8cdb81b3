"""Small checkpoints as PyTorch and mmengine write them. Needs torch 2.x, numpy and mmengine 0.10.7 from PyPI.

    python checkpoints.py FOLDER
"""
import argparse
import collections
import json
import os
import sys

import numpy as np
import torch

out = sys.argv[1]
os.makedirs(out, exist_ok=True)


def ramp(*shape, dtype=torch.float32, scale=0.25, shift=-1.0):
    n = int(np.prod(shape)) if shape else 1
    return (torch.arange(n, dtype=torch.float64) * scale + shift).reshape(shape).to(dtype)


big = ramp(6, 4)
state = collections.OrderedDict(
    f32=ramp(2, 3), f64=ramp(3, dtype=torch.float64), f16=ramp(2, 2, dtype=torch.float16), bf16=ramp(4, dtype=torch.bfloat16),
    i64=torch.arange(-2, 3), i32=torch.arange(3, dtype=torch.int32), i16=torch.arange(3, dtype=torch.int16),
    i8=torch.arange(-1, 2, dtype=torch.int8), u8=torch.arange(250, 253, dtype=torch.uint8), flag=torch.tensor([True, False]),
    scalar=torch.tensor(7), empty=torch.zeros(0, 3), transposed=big.t(), sliced=big[1:5:2, 1:3], shared=big,
    expanded=torch.tensor([1.5, 2.5]).unsqueeze(0).expand(3, 2), last=ramp(2, 3, 2, 2).to(memory_format=torch.channels_last),
    parameter=torch.nn.Parameter(ramp(2)))
state._metadata = collections.OrderedDict({'': {'version': 1}})
torch.save(state, f'{out}/dtypes_zip.pth')
torch.save(state, f'{out}/dtypes_legacy.pth', _use_new_zipfile_serialization=False)
torch.save({'model': dict(state), 'args': argparse.Namespace(lr=1)}, f'{out}/model_args.pth')


class Custom:
    pass


torch.save({'state_dict': Custom()}, f'{out}/refused_weights.pth')
torch.save(torch.nn.Conv2d(1, 1, 1), f'{out}/whole_module.pth')


class Evil:
    def __reduce__(self):
        return (os.system, ('echo owned > owned.txt',))


torch.save({'state_dict': {'w': ramp(2)}, 'meta': Evil()}, f'{out}/evil.pth')

# as mmengine's Runner saves: meta, message hub, optimizer
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.runner.checkpoint import save_checkpoint

hub = MessageHub.get_instance('golden')
hub.update_scalar('train/loss', 0.5)
hub.update_info('epoch', np.int64(3))
model = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(ramp(*p.shape))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.ones(1, 2, 4, 4)).sum().backward()
optimizer.step()
save_checkpoint({
    'meta': {'cfg': Config({'a': 1}).pretty_text, 'dataset_meta': {'classes': ('cat', 'dog')}, 'epoch': 1, 'best': np.float64(0.5),
             'seed': 1, 'experiment_name': 'x', 'mmengine_version': '0.10.7'},
    'state_dict': model.state_dict(), 'message_hub': hub.state_dict(), 'optimizer': optimizer.state_dict(),
    'param_schedulers': [{'last_step': 1}]}, f'{out}/mmengine.pth')
values = lambda d: {k: {'shape': list(v.shape), 'values': v.double().flatten().tolist()} for k, v in d.items()}
with open(f'{out}/expected.json', 'w') as file:
    json.dump({'dtypes': values(state), 'mmengine': values(model.state_dict())}, file)

#!/usr/bin/env bash
# mmengine 0.10.7, CheckpointHook(save_optimizer=False) and Runner(resume=True)
#
# save_optimizer=False halves a checkpoint and more. A user expects that a run which goes on from one loses the momentum, and has the
# learning rate of its schedule. What happens: the schedule goes on where it was, but its rates chain from those of the optimizer,
# which is new. What milestones and warm-ups have done is undone for good: here the rate is 1.0 from the third epoch on, where
# that of a run that was not interrupted is 0.1.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q torch==2.13.0 numpy mmengine==0.10.7
cat > resume.py <<'PY'
from importlib.metadata import version

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import Dataset


class Ones(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.ones(1)


class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs, mode='tensor'):
        raise NotImplementedError

    def train_step(self, data, optim_wrapper):
        loss = (self.weight - 1).pow(2).sum()
        rates.append(optim_wrapper.get_lr()['lr'][0])
        optim_wrapper.update_params(loss)
        return dict(loss=loss)


def train(folder, epochs, resume=False, **checkpoint):
    """The learning rate of each epoch."""
    rates.clear()
    Runner(
        Net(), folder, resume=resume, log_level='ERROR',
        train_dataloader=dict(batch_size=1, dataset=Ones(), sampler=dict(type='DefaultSampler', shuffle=False)),
        train_cfg=dict(by_epoch=True, max_epochs=epochs), optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        param_scheduler=dict(type='MultiStepLR', milestones=[1], gamma=0.1, end=4),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1, **checkpoint))).train()
    return rates[::4]


rates = []
print('mmengine', version('mmengine'))
whole = train('whole', 4)
train('with', 2)
kept = train('with', 4, resume=True)
train('without', 2, save_optimizer=False)
lost = train('without', 4, resume=True, save_optimizer=False)
print('rates of epochs 1 to 4:', whole)
print('epochs 3 and 4 of a resumed run:', kept, 'without the optimizer in its checkpoint:', lost)
assert whole == [1.0, 0.1, 0.1, 0.1] and kept == [0.1, 0.1] and lost == [1.0, 1.0], 'the behaviour has changed'
PY
# mmengine reads its own checkpoints by pickle, which torch 2.6 and later allow by this variable alone
TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 venv/bin/python resume.py 2> /dev/null | grep -v '^Loads checkpoint'

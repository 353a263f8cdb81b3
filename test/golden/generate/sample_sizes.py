"""Writes sample_sizes.json: the orders of MMDetection's CustomSampleSizeSampler over some epochs, with the permutations drawn.

    cd test/golden/generate && python sample_sizes.py
"""

import json
from pathlib import Path

import torch
from mmdet.datasets.samplers import CustomSampleSizeSampler
from mmdet.datasets.samplers import custom_sample_size_sampler as module

CASES = [
    dict(name='counts', lengths=[4, 7, 3], dataset_size=[-1, 3, 2]),
    dict(name='all of one, none of another', lengths=[3, 5], dataset_size=[3, 0]),
    dict(name='shares', lengths=[5, 10, 4], dataset_size=[-1, 0.5, 0.3], ratio_mode=True),
    dict(name='two processes', lengths=[4, 7], dataset_size=[-1, 3], world=2),
]


class Joined:
    def __init__(self, lengths):
        self.datasets = [range(n) for n in lengths]


def orders(name, lengths, dataset_size, ratio_mode=False, world=1, epochs=4, seed=5):
    drawn = []
    randperm = torch.randperm

    def recorded(n, generator):
        order = randperm(n, generator=generator)
        drawn.append(dict(generator=id(generator), order=order.tolist()))
        return order

    torch.randperm = recorded
    try:
        ranks, turns, shuffles = [], {}, []
        for rank in range(world):
            drawn.clear()
            module.get_dist_info = lambda: (rank, world)
            sampler = CustomSampleSizeSampler(Joined(lengths), dataset_size, ratio_mode=ratio_mode, seed=seed)
            cycles = {id(c.generator): i for i, c in enumerate(sampler.dataset_cycle_iter) if c is not None}
            out = []
            for epoch in range(epochs):
                sampler.set_epoch(epoch)
                out.append([int(i) for i in sampler])
                assert len(out[-1]) == len(sampler)
            ranks.append(out)
            turns = {i: [d['order'] for d in drawn if d['generator'] == g] for g, i in cycles.items()}
            shuffles = [d['order'] for d in drawn if d['generator'] not in cycles]
    finally:
        torch.randperm = randperm
    sizes = sampler.dataset_size
    return dict(name=name, lengths=lengths, dataset_size=dataset_size, ratio_mode=ratio_mode, sizes=sizes, turns=turns,
                shuffles=shuffles, ranks=ranks)


if __name__ == '__main__':
    target = Path(__file__).parent.parent / 'sample_sizes.json'
    target.write_text(json.dumps([orders(**case) for case in CASES]) + '\n')

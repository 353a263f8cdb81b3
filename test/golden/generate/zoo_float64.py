"""How well-conditioned the models of zoo.py are: what lies between the losses and gradient norms of the reference in float32 and in
float64, and how far float32 moves when each weight is nudged by a rounding error, as other orders of sums do on other processors.

A loss that moves by more than 1e-5, or a gradient norm by more than 5e-4, hangs on a kink (a maximum, a ReLU, an assignment) or on a
difference of large numbers: give such a model other weights. Run: python zoo_float64.py family[/case] ...
"""
import copy
import sys
from contextlib import contextmanager

CASES = sys.argv[1:]
sys.argv[1:] = [name.split('/')[0] for name in CASES]

import torch  # noqa: E402
from mmdet.models.task_modules import AnchorGenerator, MlvlPointGenerator  # noqa: E402
from mmengine.registry import DefaultScope  # noqa: E402

from zoo import MODELS, RULES, YOLO_MODELS, batch, built, family_of, trained  # noqa: E402

NUDGE, NUDGES = 2e-7, 3
PRIORS = [f for generator in (MlvlPointGenerator, AnchorGenerator) for f in vars(generator).values() if getattr(f, '__defaults__', None)]


@contextmanager
def named_single(dtype):
    """Gives what the reference calls single by name another precision: x.float(), and torch.float32, also where it is a default."""
    kept = torch.float32, torch.Tensor.float, [f.__defaults__ for f in PRIORS]
    torch.set_default_dtype(dtype)
    torch.float32 = torch.float = dtype
    torch.Tensor.float = lambda self: self.to(dtype)
    for f in PRIORS:
        f.__defaults__ = tuple(dtype if value is kept[0] else value for value in f.__defaults__)
    try:
        yield
    finally:
        torch.float32, torch.Tensor.float, defaults = kept
        torch.float = torch.float32
        torch.set_default_dtype(torch.float32)
        for f, values in zip(PRIORS, defaults):
            f.__defaults__ = values


def numbers(case, dtype=torch.float32, seed=None):
    case = dict(case)
    cfg = case.pop('model')
    isYolo = cfg['type'].startswith('mmyolo.')
    with DefaultScope.overwrite_default_scope('mmyolo' if isYolo else 'mmdet'):
        model, _ = built(cfg, YOLO_MODELS if isYolo else MODELS, [*RULES, *case.get('rules', ())], case.get('constants', ()),
                         case.get('prepare'), case.get('iteration', 0))
        data = batch(model, case.get('ignored', ()), case.get('labels'), case.get('semantic', True), case.get('texts', ()), case.get('angles', ()), case.get('sizes', ()))
        if seed is not None:
            random = torch.Generator().manual_seed(seed)
            with torch.no_grad():
                for p in model.parameters():
                    p.mul_(1 + NUDGE * (2 * torch.rand(p.shape, generator=random) - 1))
        model.to(dtype)
        data['inputs'] = data['inputs'].to(dtype)
        for s in data['data_samples']:
            s.gt_instances.bboxes = s.gt_instances.bboxes.to(dtype)
            s.ignored_instances.bboxes = s.ignored_instances.bboxes.to(dtype)
        with named_single(dtype):
            return trained(model, cfg, data, case.get('steps', 1))


def distance(ours, theirs):
    """The largest relative one, as check-small-model.ts compares, and of what."""
    worst = [(max(abs(a - theirs[k]) - 1e-6, 0) / max(abs(theirs[k]), 1e-30), k) for k, a in ours.items()
             if not k.endswith('attention.self.key.bias')]  # shifts all scores of a query alike: rounding errors alone
    return max(worst, default=(0.0, ''))


def show(what, one, other):
    (loss, of), (gradient, at) = [distance(a, b) for a, b in zip(one, other)]
    print(f'  {what}: losses {loss:.1e} ({of}), gradient norms {gradient:.1e} ({at})', flush=True)


if __name__ == '__main__':
    for given in CASES:
        family, _, only = given.partition('/')
        for name, case in family_of(family).items():
            if only not in ('', name) or case.get('trains') is False:
                continue
            print(f'{family}/{name}')
            single = numbers(case)
            show('float64', single, numbers(copy.deepcopy(case), torch.float64))
            for seed in range(NUDGES):
                show(f'nudged {seed}', numbers(case, seed=seed), single)

"""MultiPosCrossEntropyLoss, MarginL2Loss and L2Loss of MMDetection: values and gradients, also of rows without right or wrong columns
-> tracking_losses.json."""
import json
from pathlib import Path

import numpy as np
import torch
from mmdet.models.losses import L2Loss, MarginL2Loss, MultiPosCrossEntropyLoss

GOLDEN = Path(__file__).parent.parent
rng = np.random.RandomState(5)
cases = []


def case(kind, options, scores, targets, weight=None, avg_factor=None):
    x = torch.tensor(scores, dtype=torch.float32, requires_grad=True)
    loss = dict(MultiPosCrossEntropyLoss=MultiPosCrossEntropyLoss, MarginL2Loss=MarginL2Loss, L2Loss=L2Loss)[kind](**options)
    y = torch.tensor(targets)
    given = {}
    if weight is not None:
        given.update(weight=torch.tensor(weight, dtype=torch.float32))
    if avg_factor is not None:
        given.update(avg_factor=avg_factor)
    value = loss(x * 1, y if kind == 'MultiPosCrossEntropyLoss' else y.clone(), **given)
    value.sum().backward()
    grad = torch.nan_to_num(x.grad)
    cases.append(dict(type=kind, options=options, scores=scores, targets=targets, weight=weight, avg_factor=avg_factor,
                      value=value.tolist(), grad=grad.tolist()))


def table(n, m, low, high):
    return [[round(float(v), 3) for v in row] for row in rng.uniform(low, high, (n, m))]


def marks(n, m, share):
    return (rng.uniform(0, 1, (n, m)) < share).astype(int).tolist()


POS, MARGIN = 'MultiPosCrossEntropyLoss', 'MarginL2Loss'
case(POS, {}, table(4, 6, -3, 3), marks(4, 6, 0.3))
case(POS, dict(loss_weight=0.25), table(5, 7, -3, 3), marks(5, 7, 0.4), [1, 0, 1, 1, 0], 3.0)
case(POS, dict(reduction='none'), table(3, 3, -60, 60), [[1, 0, 1], [0, 1, 0], [0, 0, 1]])
# all right, all wrong
case(POS, {}, table(3, 4, -2, 2), [[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 1]], [1, 0, 1], 2.0)
case(POS, dict(reduction='sum'), table(2, 1, -2, 2), [[1], [0]])
case(MARGIN, {}, table(4, 5, -1, 1), marks(4, 5, 0.3))
hard = dict(neg_pos_ub=3, pos_margin=0, neg_margin=0.1, hard_mining=True)
case(MARGIN, hard, table(5, 9, -1, 1), marks(5, 9, 0.1))
case(MARGIN, dict(hard, pos_margin=0.2, neg_margin=0.3, neg_pos_ub=1, loss_weight=2.0), table(4, 8, -0.2, 1.2), marks(4, 8, 0.15))
# no pair of one object
case(MARGIN, hard, table(2, 4, -1, 1), [[0] * 4] * 2)
case(MARGIN, hard, table(2, 3, -1, 1), [[1] * 3] * 2)
case(MARGIN, dict(hard, reduction='none'), table(3, 6, 0, 1), marks(3, 6, 0.2))
for kind in ('L2Loss', MARGIN):
    case(kind, dict(hard, pos_margin=0.1), table(4, 6, -0.2, 1.2), marks(4, 6, 0.2), [[1.0, 0.5, 0.0, 2.0, 1.0, 1.0]] * 4)
    # targets between
    case(kind, dict(loss_weight=0.5), table(3, 4, -1, 2), table(3, 4, 0, 1))
(GOLDEN / 'tracking_losses.json').write_text(json.dumps(cases, separators=(',', ':')) + '\n')
print([c['value'] for c in cases])

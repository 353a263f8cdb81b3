"""MMDetection's ReIDMetrics of seeded embeddings -> reid_metrics.json."""
import json
from pathlib import Path

import numpy as np
import torch
from mmdet.evaluation import ReIDMetrics

cases = []
rng = np.random.default_rng(5)
for count, identities, noise, options in ((30, 6, 0.9, None), (24, 10, 1.5, dict(rank_list=[1, 2, 12], max_rank=12)), (25, 3, 0.1, None)):
    who = rng.integers(0, identities, count)
    looks = rng.normal(size=(identities, 5))
    embeddings = np.round(looks[who] + noise * rng.normal(size=(count, 5)), 3)
    metric = ReIDMetrics(metric=['mAP', 'CMC'], metric_options=options)
    metric.process(None, [dict(pred_feature=torch.tensor(e, dtype=torch.float32), gt_label=dict(label=torch.tensor([int(i)])))
                          for e, i in zip(embeddings, who)])
    values = metric.compute_metrics(metric.results)
    cases.append(dict(options=options, identities=who.tolist(), embeddings=embeddings.tolist(),
                      metrics={k: float(v) for k, v in values.items()}))
    print(cases[-1]['metrics'])
(Path(__file__).parent.parent / 'reid_metrics.json').write_text(json.dumps(cases) + '\n')

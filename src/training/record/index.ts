// The vis_backends that a config can name.

import type { AnyDefinition } from '../../catalogue/registry';
import { LocalVisBackend } from './local-vis-backend';
import { MLflowVisBackend } from './mlflow-vis-backend';
import { TensorboardVisBackend } from './tensorboard-vis-backend';
import { WandbVisBackend } from './wandb-vis-backend';

export const visBackends = [
  LocalVisBackend,
  TensorboardVisBackend,
  MLflowVisBackend,
  WandbVisBackend,
] as const satisfies readonly AnyDefinition[];

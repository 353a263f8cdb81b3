// Translates `runner`, `total_epochs` and the interval of `evaluation` to the training loop of 3.x.

import type { ConfigObject } from '../data';
import { type Changes, defined, objectAt, take, takeObject } from './changes';

export function migrateLoop(config: ConfigObject, evaluation: ConfigObject, changes: Changes): void {
  const base = objectAt(config, 'train_cfg');
  const runner = takeObject(config, 'runner', changes);
  const total = take(config, 'total_epochs');
  if (runner !== undefined) changes.note('runner', 'train_cfg');
  if (total !== undefined) changes.note('total_epochs', 'train_cfg.max_epochs');
  const { type, max_epochs, max_iters, meta: _, _delete_: __, ...strange } = runner ?? ({} as ConfigObject);
  for (const key of Object.keys(strange)) changes.leave(`runner.${key}`, 'not an option of 3.x loops');
  if (type !== undefined && !/^(EpochBased|IterBased)Runner/.test(String(type)))
    changes.leave(
      'runner.type',
      `${type} has no counterpart in 3.x: replaced by ${max_iters === undefined ? 'epochs' : 'iterations'}`,
    );
  const { interval, start, dynamic_intervals: dynamic } = evaluation;
  const spans = max_epochs ?? max_iters ?? total;
  if (spans === undefined && !base) return;
  const byIteration = max_iters !== undefined;
  config.train_cfg = defined({
    ...base,
    type: spans === undefined ? base?.type : byIteration ? 'IterBasedTrainLoop' : 'EpochBasedTrainLoop',
    [byIteration ? 'max_iters' : 'max_epochs']: spans ?? base?.[byIteration ? 'max_iters' : 'max_epochs'],
    val_interval: interval ?? base?.val_interval ?? (byIteration ? undefined : 1),
    val_begin: start ?? base?.val_begin,
    dynamic_intervals: dynamic ?? base?.dynamic_intervals,
  });
  if (byIteration) {
    delete (config.train_cfg as ConfigObject).max_epochs;
    const processor = objectAt(config, 'log_processor');
    config.log_processor = { type: 'LogProcessor', window_size: 50, ...processor, by_epoch: false };
  }
}

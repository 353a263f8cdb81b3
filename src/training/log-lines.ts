// Log lines in mmengine's form: `Epoch(train)  [1][ 50/100]  lr: 2.0000e-2  eta: 0:01:40  time: 0.2000 ...`, or
// `Iter(train) [ 50/90000]  lr: ...`.

import type { ScalarRecord } from './history';

/** `1 day, 2:03:04` or `0:01:40`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const days = Math.floor(total / 86400);
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = `${Math.floor((total % 86400) / 3600)}:${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return days === 0 ? clock : `${days} day${days > 1 ? 's' : ''}, ${clock}`;
}

/** @param iteration of `of`: those of an epoch, or of the run where the record has no epoch */
export function trainLine(
  record: ScalarRecord,
  { iteration, of, eta }: { iteration: number; of: number; eta: number },
): string {
  const { lr, epoch, iter, step, time, data_time, memory, ...scalars } = record;
  const progress = `[${String(iteration).padStart(String(of).length)}/${of}]`;
  const parts = [
    epoch === undefined ? `Iter(train) ${progress}` : `Epoch(train)  [${epoch}]${progress}`,
    `lr: ${lr.toExponential(4)}`,
    `eta: ${duration(eta)}`,
    `time: ${time.toFixed(4)}`,
    `data_time: ${data_time.toFixed(4)}`,
    ...(memory === undefined ? [] : [`memory: ${memory}`]),
    ...Object.entries(scalars).map(([name, value]) => `${name}: ${value.toFixed(4)}`),
  ];
  return parts.join('  ');
}

export function evaluationLine(unit: 'epoch' | 'iteration', at: number, metrics: Record<string, number>): string {
  const head = unit === 'epoch' ? `Epoch(val)  [${at}]` : `Iter(val) [${at}]`;
  return [head, ...Object.entries(metrics).map(([k, v]) => `${k}: ${v.toFixed(4)}`)].join('  ');
}

// Log lines in mmengine's form: `Epoch(train)  [1][ 50/100]  lr: 2.0000e-02  eta: 0:01:40  time: 0.2000 ...`.

import type { ScalarRecord } from './history';

/** `1 day, 2:03:04` or `0:01:40`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const days = Math.floor(total / 86400);
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = `${Math.floor((total % 86400) / 3600)}:${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
  return days === 0 ? clock : `${days} day${days > 1 ? 's' : ''}, ${clock}`;
}

export function trainLine(
  record: ScalarRecord,
  { iteration, batchesPerEpoch, eta }: { iteration: number; batchesPerEpoch: number; eta: number },
): string {
  const { lr, epoch, iter, step, time, data_time, memory, ...scalars } = record;
  const width = String(batchesPerEpoch).length;
  const parts = [
    `Epoch(train)  [${epoch}][${String(iteration).padStart(width)}/${batchesPerEpoch}]`,
    `lr: ${lr.toExponential(4)}`,
    `eta: ${duration(eta)}`,
    `time: ${time.toFixed(4)}`,
    `data_time: ${data_time.toFixed(4)}`,
    ...(memory === undefined ? [] : [`memory: ${memory}`]),
    ...Object.entries(scalars).map(([name, value]) => `${name}: ${value.toFixed(4)}`),
  ];
  return parts.join('  ');
}

export function evaluationLine(epoch: number, metrics: Record<string, number>): string {
  return [`Epoch(val)  [${epoch}]`, ...Object.entries(metrics).map(([k, v]) => `${k}: ${v.toFixed(4)}`)].join('  ');
}

// Progress: one line for a terminal, a bar for a notebook.

import type { MimeBundle } from './display';
import { escapeHtml } from './escape';

export interface ProgressState {
  /** The current step: `epoch 3/12`. */
  label: string;
  done: number;
  total: number;
  /** Of both: `MB`. */
  unit?: string;
  /** Seconds remaining, if known. */
  eta?: number;
  /** Current values as text: `loss 0.53`. */
  details?: readonly string[];
}

/** `0:03:10` */
export function clock(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  return `${Math.floor(total / 3600)}:${two(Math.floor((total % 3600) / 60))}:${two(total % 60)}`;
}

const tail = ({ done, total, unit, eta, details = [] }: ProgressState): string => {
  const left = eta === undefined || done >= total ? [] : [`ETA ${clock(eta)}`];
  return [`${done}/${total}${unit ? ` ${unit}` : ''}`, ...left, ...details].join('  ');
};

/** `epoch 3/12  ━━━━━━━━╸           45/120  ETA 0:03:10  loss 0.53` */
export function progressText(state: ProgressState, width = 24): string {
  const filled = Math.round(Math.min(1, state.done / Math.max(1, state.total)) * width);
  return `${state.label}  ${'━'.repeat(filled)}${'─'.repeat(width - filled)}  ${tail(state)}`;
}

export function progressBundle(state: ProgressState): MimeBundle {
  const share = (100 * Math.min(1, state.done / Math.max(1, state.total))).toFixed(1);
  const bar =
    `<div style="flex:0 0 240px;height:8px;border-radius:4px;background:rgba(128,128,128,.25);overflow:hidden">` +
    `<div style="width:${share}%;height:100%;background:#0a84ff"></div></div>`;
  const text = 'font-variant-numeric:tabular-nums;white-space:nowrap';
  return {
    'text/html':
      `<div style="display:flex;align-items:center;gap:12px;padding:4px 0;font-size:13px">` +
      `<span style="font-weight:600;${text}">${escapeHtml(state.label)}</span>${bar}<span style="${text}">${escapeHtml(tail(state))}</span></div>`,
    'text/plain': progressText(state),
  };
}

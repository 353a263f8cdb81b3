// Where a path of a YOLO data file is on this machine.

import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ReadReport } from '../read-report';

/** The first of Ultralytics' readings of a path, then of its ends, that is there. */
export function resolveEntry(
  entry: string,
  { roots, file }: { roots: readonly string[]; file?: string },
  report: ReadReport,
): string | undefined {
  const slashed = entry.trim().replaceAll('\\', '/');
  const [first] = roots;
  // Roboflow writes ../train/images for what is beside the file
  const usual = [
    path.resolve(first, slashed),
    ...(slashed.startsWith('../') ? [path.resolve(first, slashed.slice(3))] : []),
  ];
  const direct = usual.find(existsSync);
  if (direct !== undefined) return direct;
  const parts = slashed.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  for (let start = 0; start < parts.length; start++)
    for (const root of roots) {
      const found = path.join(root, ...parts.slice(start));
      if (!existsSync(found)) continue;
      report.notice(`"${entry}" of "${path.basename(file ?? '')}" is read as "${found}"`);
      return found;
    }
  return undefined;
}

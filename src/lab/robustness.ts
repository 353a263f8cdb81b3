// `evaluate(data, { corruptions: [...], severities: [...] })`: MMDetection's robustness evaluation (Michaelis et al., 2019). P is
// the performance on clean images, mPC the mean over corruptions and severities, rPC = mPC / P.

import { type ConfigObject, type ConfigValue, cloneConfig } from '../config/data';
import { CORRUPTION_GROUPS, CORRUPTIONS, FROST_NEEDED, FROSTED_GROUPS } from '../data';
import { DetLabError, didYouMean, nameOfValue } from '../errors';
import type { MetricValues } from '../evaluation';
import { counted, metricText } from '../visualization/ap-table';
import type { MimeBundle } from '../visualization/display';
import { type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tablesBundle, tableText } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { evaluationPipeline } from './evaluation-pipeline';

export interface CorruptedMetrics {
  corruption: string;
  severity: number;
  metrics: MetricValues;
}

export class Robustness extends SavableDisplay {
  protected readonly what = 'robustness';

  constructor(
    readonly data: string,
    /** Performance on clean images. */
    readonly P: MetricValues,
    readonly corrupted: readonly CorruptedMetrics[],
  ) {
    super();
    Object.defineProperty(this, 'what', { enumerable: false });
  }

  /** Mean performance under corruption. */
  get mPC(): MetricValues {
    return this.mean(this.corrupted);
  }

  /** Relative performance under corruption: mPC / P. */
  get rPC(): MetricValues {
    const { P, mPC } = this;
    return Object.fromEntries(
      Object.keys(P).map((name) => [name, P[name] > 0 && mPC[name] > -1 ? mPC[name] / P[name] : -1]),
    );
  }

  private mean(rows: readonly CorruptedMetrics[]): MetricValues {
    const of = (name: string) => {
      const values = rows.map(({ metrics }) => metrics[name]).filter((value) => value > -1);
      return values.length === 0 ? -1 : values.reduce((a, b) => a + b, 0) / values.length;
    };
    return Object.fromEntries(Object.keys(this.P).map((name) => [name, of(name)]));
  }

  table(): Table {
    const { P, corrupted, mPC, rPC } = this;
    const name = Object.keys(P)[0];
    const severities = [...new Set(corrupted.map(({ severity }) => severity))].sort((a, b) => a - b);
    const corruptions = [...new Set(corrupted.map(({ corruption }) => corruption))];
    const right = (title: string) => ({ title, align: 'right' as const });
    const values = (corruption: string) => corrupted.filter((row) => row.corruption === corruption);
    return {
      title: `${this.data}: ${name} of corrupted images`,
      columns: [{ title: 'corruption' }, ...severities.map((severity) => right(`severity ${severity}`)), right('mean')],
      rows: [
        ['none (P)', ...severities.map(() => ''), metricText(P[name])],
        ...corruptions.map((corruption) => [
          corruption.replaceAll('_', ' '),
          ...severities.map((severity) =>
            metricText(values(corruption).find((row) => row.severity === severity)?.metrics[name]),
          ),
          metricText(this.mean(values(corruption))[name]),
        ]),
        ['mPC', ...severities.map(() => ''), metricText(mPC[name])],
        ['rPC', ...severities.map(() => ''), rPC[name] < 0 ? '–' : `${(100 * rPC[name]).toFixed(1)}%`],
      ],
      strong: [0, corruptions.length + 1],
      note: `mPC: mean over ${counted(corruptions.length, 'corruption')} and ${severities.length === 1 ? 'severity' : 'severities'} ${severities.join(', ')}; rPC = mPC / P`,
    };
  }

  protected formats(): Formats {
    const { P, mPC, rPC, corrupted, data } = this;
    return tableFormats({ data, P, mPC, rPC, corrupted }, this.table());
  }

  protected bundle(): MimeBundle {
    return tablesBundle(this.table());
  }

  toString(): string {
    return tableText(this.table());
  }
}

/**
 * The corruptions of names and of MMDetection's groups (benchmark, noise, blur, weather, digital, holdout, all).
 *
 * @param frostDir folder of photographs of frost, which is in its groups where they are there
 * @throws DetLabError for a name that there is not, and for frost without photographs
 */
export function corruptionsOf(given: string | readonly string[], frostDir?: string): string[] {
  const known = [...Object.keys(CORRUPTION_GROUPS), ...CORRUPTIONS];
  const names = [given].flat().flatMap((name) => {
    if (Object.hasOwn(CORRUPTION_GROUPS, name)) {
      const frosted = frostDir !== undefined && FROSTED_GROUPS.includes(name);
      return frosted ? [...CORRUPTION_GROUPS[name], 'frost'] : CORRUPTION_GROUPS[name];
    }
    if (!CORRUPTIONS.includes(name))
      throw new DetLabError(
        `Cannot corrupt images by ${nameOfValue(name)}: expected ${known.join(', ')}.${didYouMean(String(name), known)}`,
      );
    if (name === 'frost' && frostDir === undefined)
      throw new DetLabError(`Cannot corrupt images by frost: ${FROST_NEEDED}, as frostDir`);
    return [name];
  });
  return [...new Set(names)];
}

/**
 * Each corruption at each strength; 0, no corruption, is left out: the clean images are evaluated anyway.
 * @throws DetLabError for a name that there is not, and for strengths without corruptions or without any above 0
 */
export function corruptedRuns(
  corruptions: string | readonly string[] | undefined,
  severities: readonly number[] = [1, 2, 3, 4, 5],
  frostDir?: string,
): { corruption: string; severity: number }[] {
  if (corruptions === undefined)
    throw new DetLabError(
      `Cannot evaluate ${frostDir === undefined ? 'severities alone: they are' : 'with frostDir alone: it is'} of corruptions. Use` +
        " { corruptions: 'benchmark', severities: [1, 3] }",
    );
  const strengths = [...new Set(severities)].filter((severity) => severity > 0);
  if (strengths.length === 0)
    throw new DetLabError(`Cannot evaluate corruptions of severities ${severities}: expected some of 1 to 5`);
  return corruptionsOf(corruptions, frostDir).flatMap((corruption) =>
    strengths.map((severity) => ({ corruption, severity })),
  );
}

/** The config with images corrupted right after they are loaded. */
export function corruptedConfig(
  config: ConfigObject,
  part: 'val' | 'test',
  corruption: string,
  severity: number,
  frostDir?: string,
): ConfigObject {
  const { path, steps } = evaluationPipeline(config, part);
  const [first, ...rest] = steps;
  const copy = cloneConfig(config);
  const keys = path.split('.');
  let parent: Record<string, ConfigValue> | ConfigValue[] = copy;
  for (const key of keys.slice(0, -1))
    parent = (parent as Record<string, ConfigValue>)[key] as Record<string, ConfigValue>;
  const pipeline = [
    first,
    { type: 'Corrupt', corruption, severity, ...(corruption === 'frost' && { frost_dir: frostDir }) },
    ...rest,
  ];
  (parent as Record<string, ConfigValue>)[keys[keys.length - 1]] = pipeline as unknown as ConfigValue;
  return copy;
}

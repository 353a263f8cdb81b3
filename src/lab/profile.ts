// `profile(f)`: what the engine does while code runs, as tables by kernel, module and operator, and as a Chrome trace.

import { type ChromeTrace, chromeTrace } from '../analysis/chrome-trace';
import { type ProfileSummary, summariseProfile } from '../analysis/profile-summary';
import { type Engine, engine, startEngine } from '../engine';
import type { EngineProfile } from '../engine/profile-events';
import type { Detector } from '../models/types';
import { Module } from '../nn/module';
import type { MimeBundle } from '../visualization/display';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tablesBundle, tableText } from '../visualization/table';
import { checkMethod } from './method-options';
import { type MedianRun, medianRun } from './profile-runs';
import { type ProfileLimits, profileTables } from './profile-tables';

/** What was profiled, for titles and files. */
export interface ProfileSubject {
  name: string;
  /** Batch, size, precision, engine. */
  facts: Readonly<Record<string, string | number>>;
  /** What else to know of the numbers, a line each. */
  notes: readonly string[];
}

const LIMITS: ProfileLimits = { rows: 12, depth: 2 };

/** Where the time of a prediction or training step goes. */
export class Profile extends SavableDisplay {
  protected readonly what = 'profile';
  private readonly numbers: ProfileSummary;

  constructor(
    readonly subject: ProfileSubject,
    /** The run whose numbers these are: the median. */
    readonly run: MedianRun,
    private readonly limits: ProfileLimits = LIMITS,
  ) {
    super();
    this.numbers = summariseProfile(run.profile);
  }

  /** Everything recorded, in the order in which it began. */
  get events(): EngineProfile['events'] {
    return this.run.profile.events;
  }

  /** Time with the recording, which slows small operators down; `unrecorded` is that without. */
  get milliseconds(): number {
    return this.numbers.milliseconds;
  }

  /** Milliseconds without recording; undefined where the code ran only once. */
  get unrecorded(): number | undefined {
    return this.run.unrecorded;
  }

  /** Milliseconds between the calls to the engine. */
  get javascript(): number {
    return this.numbers.javascript;
  }

  /** By kernel, the slowest first. */
  get kernels(): ProfileSummary['kernels'] {
    return this.numbers.kernels;
  }

  /** By operator of libtorch, without the operators inside, the slowest first. */
  get operators(): ProfileSummary['operators'] {
    return this.numbers.operators;
  }

  /** By module, in the order of the model. */
  get modules(): ProfileSummary['modules'] {
    return this.numbers.modules;
  }

  /** Conversions between types, then copies within one. */
  get copies(): ProfileSummary['copies'] {
    return this.numbers.copies;
  }

  /**
   * The same profile with more rows, or modules deeper inside the model.
   * @example (await recipe.profile()).detailed({ rows: 40, depth: 4 })
   */
  detailed(limits: Partial<ProfileLimits> = {}): Profile {
    checkMethod('Profile.detailed', limits);
    return new Profile(this.subject, this.run, { ...this.limits, ...limits });
  }

  /** In Chrome's Trace Event Format, as `.save('trace.json')` writes it. */
  trace(): ChromeTrace {
    return chromeTrace(this.run.profile, { name: this.subject.name, ...this.subject.facts });
  }

  private tables(): Table[] {
    const { name, facts, notes } = this.subject;
    const { unrecorded, runs } = this.run;
    const without = unrecorded === undefined ? [] : [`${unrecorded.toFixed(1)} ms without recording`];
    const lines = [
      Object.entries(facts)
        .map(([key, value]) => `${key}: ${value}`)
        .join(', '),
      [...(runs > 1 ? [`Median of ${runs} runs`] : []), ...without].join('; '),
      ...notes,
    ];
    return profileTables(this.numbers, this.limits, `Profile: ${name}`, lines.filter(Boolean).join('\n'));
  }

  private csv(): string {
    const { milliseconds, javascript, kernels, operators, modules, copies } = this.numbers;
    const share = (time: number) => (milliseconds > 0 ? time / milliseconds : 0);
    return csvText(
      ['table', 'name', 'kind', 'calls', 'milliseconds', 'share'],
      [
        ['total', '', '', '', milliseconds, 1],
        ['javascript', '', '', '', javascript, share(javascript)],
        ...kernels.map((row) => ['kernel', row.name, row.kind, row.calls, row.milliseconds, row.share]),
        ...modules.flatMap(({ path = '(outside)', forward, backward }) => [
          ['module', path || '(model)', 'forward', '', forward, share(forward)],
          ['module', path || '(model)', 'backward', '', backward, share(backward)],
        ]),
        ...operators.map((row) => ['operator', row.name, '', row.calls, row.self, row.share]),
        ...copies.map((row) => ['copy', `${row.from} -> ${row.to}`, '', row.calls, row.milliseconds, row.share]),
      ],
    );
  }

  protected formats(): Formats {
    return {
      html: () =>
        this.tables()
          .map((table) => `<div style="overflow-x:auto">${tableHtml(table)}</div>`)
          .join('\n'),
      csv: () => this.csv(),
      txt: () => `${this}\n`,
      json: () => this.trace(),
    };
  }

  protected bundle(): MimeBundle {
    return tablesBundle(...this.tables());
  }

  toString(): string {
    return this.tables().map(tableText).join('\n\n');
  }
}

/** What an engine cannot say, or says otherwise. */
export function engineNotes({ name, device }: Engine): string[] {
  if (name !== 'torch')
    return [
      `The engine "${name}" records kernels only: no operators, no copies, and the backward pass is outside of the model`,
    ];
  const waits = 'every call waits for its work here, so that what overlaps without a profile takes longer';
  return device === 'cpu' ? [] : [`On ${device}, ${waits}`];
}

/** What `profile` records. */
export interface ProfileOptions {
  /** The parts that kernels are attributed to: a model, or a module. */
  model?: { readonly detector: Detector } | Module;
  /** Name in titles. Default `code`. */
  name?: string;
  /** Times that the code runs, after one without recording if more than 1; the median is reported. Default 1. */
  repeats?: number;
}

/**
 * Runs code and reports what the engine does meanwhile: time by kernel, by operator and, of a model, by module.
 *
 * @example await profile(() => tf.tidy(() => void tf.matMul(a, b)))
 * @example (await profile(() => model.predict('street.jpg'), { model })).save('trace.json')
 * @throws DetLabError for an unknown option, and while another profile is taken
 */
export async function profile(f: () => unknown, options: ProfileOptions = {}): Promise<Profile> {
  checkMethod('profile', options);
  const { model, name = 'code', repeats = 1 } = options;
  await startEngine();
  const module = model && (model instanceof Module ? model : model.detector);
  const warmUps = repeats > 1 ? 1 : 0;
  const run = await medianRun(f, { modules: [...(module?.modules() ?? [])], repeats, warmUps });
  return new Profile({ name, facts: { engine: engine().description }, notes: engineNotes(engine()) }, run);
}

// The energy of a run, where the machine counts it.

import { engine } from '../engine';
import { type Metered, openEnergyMeter } from '../engine/energy-meter';

/** Joules and what counted them, or why they are not known. */
export type EnergyReading = { joules: number; source: string } | { unreadable: string };

export class RunEnergy {
  private metered: Metered = { unreadable: 'the run has not begun' };

  private began = 0;

  /** Counts from here on. */
  begin(): void {
    this.began = performance.now();
    this.metered = openEnergyMeter(engine().device);
  }

  /** So far. */
  cost(): { seconds: number; joules: number | undefined } {
    return { seconds: (performance.now() - this.began) / 1000, joules: this.joules };
  }

  /** Undefined where they are not known. */
  private get joules(): number | undefined {
    if (!('meter' in this.metered)) return undefined;
    const joules = this.metered.meter.joules();
    return Number.isFinite(joules) ? joules : undefined;
  }

  reading(): EnergyReading {
    const { metered, joules } = this;
    if ('unreadable' in metered) return metered;
    const { source } = metered.meter;
    return joules === undefined ? { unreadable: `${source} gave no readings` } : { joules, source };
  }

  close(): void {
    if ('meter' in this.metered) this.metered.meter.close();
  }
}

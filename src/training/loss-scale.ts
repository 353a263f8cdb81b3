// The factor on a float16 loss, by the rule of torch's GradScaler: grown after so many good steps in a row, lowered at an overflow;
// or a constant.

export interface LossScaleOptions {
  /** 65536 by default. */
  init_scale?: number;
  growth_factor?: number;
  backoff_factor?: number;
  /** Good steps in a row after which the scale grows. */
  growth_interval?: number;
  /** False: the loss is not scaled. */
  enabled?: boolean;
}

export class LossScale {
  value: number;
  private goodSteps = 0;
  private readonly rule?: Required<Omit<LossScaleOptions, 'init_scale' | 'enabled'>>;

  constructor(scale: 'dynamic' | number | LossScaleOptions) {
    const given: LossScaleOptions = typeof scale === 'object' ? scale : {};
    const { init_scale, growth_factor = 2, backoff_factor = 0.5, growth_interval = 2000, enabled = true } = given;
    this.value = typeof scale === 'number' ? scale : enabled ? (init_scale ?? 2 ** 16) : 1;
    if (typeof scale !== 'number' && enabled) this.rule = { growth_factor, backoff_factor, growth_interval };
  }

  /** @param finite whether the gradients of this step were */
  update(finite: boolean): void {
    if (!this.rule) return;
    if (!finite) {
      this.value *= this.rule.backoff_factor;
      this.goodSteps = 0;
    } else if (++this.goodSteps === this.rule.growth_interval) {
      const grown = this.value * this.rule.growth_factor;
      if (Number.isFinite(Math.fround(grown))) this.value = grown;
      this.goodSteps = 0;
    }
  }

  state(): [number, number] {
    return [this.value, this.goodSteps];
  }

  /** A constant is that of the run that goes on. */
  restore([value, goodSteps]: [number, number]): void {
    if (!this.rule) return;
    this.value = value;
    this.goodSteps = goodSteps;
  }
}

// The factor on a float16 loss, by torch.cuda.amp.GradScaler's rule: doubled after 2000 good steps, halved at an overflow.

const GROWTH_INTERVAL = 2000;

export class LossScale {
  value: number;
  private goodSteps = 0;
  private readonly dynamic: boolean;

  constructor(scale: 'dynamic' | number) {
    this.dynamic = scale === 'dynamic';
    this.value = scale === 'dynamic' ? 2 ** 16 : scale;
  }

  /** @param finite whether the gradients of this step were */
  update(finite: boolean): void {
    if (!this.dynamic) return;
    if (!finite) {
      this.value /= 2;
      this.goodSteps = 0;
    } else if (++this.goodSteps === GROWTH_INTERVAL) {
      this.value *= 2;
      this.goodSteps = 0;
    }
  }

  state(): [number, number] {
    return [this.value, this.goodSteps];
  }

  restore([value, goodSteps]: [number, number]): void {
    this.value = value;
    this.goodSteps = goodSteps;
  }
}

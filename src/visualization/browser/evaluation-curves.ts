// The curves of an evaluation, brought to life: a rule that is dragged over the scores with the numbers at it, a precision that
// is reached, and the class or IoU that is looked at.

interface CurveNumbers {
  name: string;
  positives: number;
  ap: number;
  envelope: number[];
  points: [number, number][];
  counts: { scores: number[]; trues: number[]; counted: number[] };
  best?: { score: number };
  band?: { low: number[]; high: number[] };
  calibration: { ece: number | null; mce: number | null; count: number };
}

interface CurvesData {
  /** What is shown in place of the image. */
  html: string;
  frame: { width: number; height: number; left: number; right: number; top: number; bottom: number };
  ious: { iou: number; series: CurveNumbers[] }[];
  /** Per IoU, where there are several: the table of classes. */
  tables: string[];
  /** Per IoU and series: the plot of calibration. */
  calibrations: string[][];
  colours: string[];
}

type CurvePoint = [x: number, y: number];

const curveDigits = (value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value) || value < 0 ? '–' : value.toFixed(3);

class EvaluationCurvesView {
  private readonly state = { iou: 0, series: 0, rule: 0 };
  private readonly plot: SVGSVGElement;

  constructor(
    private readonly root: HTMLElement,
    private readonly data: CurvesData,
  ) {
    this.plot = this.part<SVGElement>('rule').ownerSVGElement as SVGSVGElement;
    this.listenToRule();
    this.listenToControls();
    this.listenToRows();
    this.drawSeries();
  }

  private part<E extends Element>(name: string): E {
    return this.root.querySelector(`[data-part="${name}"]`) as E;
  }

  private get shown(): CurveNumbers {
    return this.data.ious[this.state.iou].series[this.state.series];
  }

  private x(value: number): number {
    const { left, right, width } = this.data.frame;
    return left + value * (width - left - right);
  }

  private y(value: number): number {
    const { top, bottom, height } = this.data.frame;
    return top + (1 - value) * (height - top - bottom);
  }

  private path(points: CurvePoint[]): string {
    return points
      .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
      .map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${this.x(x).toFixed(1)} ${this.y(y).toFixed(1)}`)
      .join('');
  }

  /** A value that holds from each score down to the next. */
  private steps(value: (i: number) => number): string {
    const { scores } = this.shown.counts;
    return this.path(
      scores.flatMap((score, i): CurvePoint[] => [
        [score, value(i)],
        [scores[i + 1] ?? 0, value(i)],
      ]),
    );
  }

  /** What the detections with at least this score are. */
  private at(score: number) {
    const { counts, positives } = this.shown;
    let i = -1;
    while (i + 1 < counts.scores.length && counts.scores[i + 1] >= score) i++;
    const [right, all] = i < 0 ? [0, 0] : [counts.trues[i], counts.counted[i]];
    return { right, all, precision: right / all, recall: right / positives, f1: (2 * right) / (all + positives) };
  }

  private moveTo(score: number, note = ''): void {
    const rule = Math.min(1, Math.max(0, score));
    this.state.rule = rule;
    const { right, all, precision, recall, f1 } = this.at(rule);
    const x = this.x(rule).toFixed(1);
    this.part('rule').setAttribute('d', `M${x} ${this.data.frame.top}V${this.y(0)}`);
    const text =
      `${note}score ${rule.toFixed(3)}: precision ${curveDigits(precision)}, recall ${curveDigits(recall)}, ` +
      `F1 ${curveDigits(f1)} (${right} right, ${all - right} wrong, ${this.shown.positives - right} missed)`;
    this.part('numbers').textContent = text;
    // the mean of all classes has no point at a score
    const [dotX, dotY] = this.state.series === 0 || all === 0 ? [-1, -1] : [recall, precision];
    const dot = this.part('operating point');
    dot.setAttribute('cx', this.x(dotX).toFixed(1));
    dot.setAttribute('cy', this.y(dotY).toFixed(1));
    this.plot.setAttribute('aria-valuenow', rule.toFixed(3));
    this.plot.setAttribute('aria-valuetext', text);
  }

  /** The lowest score that reaches a precision, or the most precise one with a note. */
  private reach(precision: number): void {
    const { scores, trues, counted } = this.shown.counts;
    let [at, most] = [-1, -1];
    for (let i = 0; i < scores.length; i++) {
      if (counted[i] === 0) continue;
      if (trues[i] / counted[i] >= precision) at = i;
      if (most < 0 || trues[i] / counted[i] >= trues[most] / counted[most]) most = i;
    }
    if (at >= 0) this.moveTo(scores[at]);
    else if (most >= 0) this.moveTo(scores[most], `a precision of ${precision} is never reached; the highest: `);
  }

  private drawSeries(): void {
    const { state, data, shown } = this;
    const { name, ap, calibration, best } = shown;
    const { iou } = data.ious[state.iou];
    this.part('name').textContent = `– ${name}`;
    this.part('ap').textContent = `AP ${curveDigits(ap)} at IoU ${iou}`;
    this.drawRecall();
    this.drawScores();
    const text = this.part<HTMLElement>('calibration');
    const { ece, mce, count } = calibration;
    text.textContent = `ECE ${curveDigits(ece)}, MCE ${curveDigits(mce)}, ${count.toLocaleString('en')} detections`;
    const old = text.parentElement?.querySelector('svg');
    if (old) old.outerHTML = data.calibrations[state.iou][state.series];
    for (const row of this.root.querySelectorAll<HTMLElement>('tr[data-series]')) {
      const isShown = Number(row.dataset.series) === state.series;
      row.style.fontWeight = isShown ? '600' : '';
      row.setAttribute('aria-selected', String(isShown));
    }
    this.moveTo(best?.score ?? 0.5);
  }

  private drawRecall(): void {
    const { state, data, shown } = this;
    const curve = ({ ap, envelope }: CurveNumbers) =>
      ap < 0 ? '' : this.path(envelope.map((value, r): CurvePoint => [r / 100, value]));
    const envelope = this.part('envelope');
    envelope.setAttribute('d', curve(shown));
    envelope.setAttribute('stroke', data.colours[state.series]);
    this.part('raw').setAttribute('d', this.path(shown.points));
    for (const line of this.root.querySelectorAll('[data-part^="class "]')) {
      const index = Number(line.getAttribute('data-part')?.slice(6));
      line.setAttribute('d', curve(data.ious[state.iou].series[index]));
      line.setAttribute('stroke-opacity', state.series === 0 ? '0.8' : '0.2');
    }
  }

  private drawScores(): void {
    const { counts, positives, band } = this.shown;
    const { trues, counted } = counts;
    this.part('precision').setAttribute(
      'd',
      this.steps((i) => trues[i] / counted[i]),
    );
    this.part('recall').setAttribute(
      'd',
      this.steps((i) => trues[i] / positives),
    );
    this.part('f1').setAttribute(
      'd',
      this.steps((i) => (2 * trues[i]) / (counted[i] + positives)),
    );
    const even = (list: number[]) => list.map((value, i): CurvePoint => [i / (list.length - 1), value]);
    const area = band ? `${this.path([...even(band.low), ...even(band.high).reverse()])}Z` : '';
    this.part('band').setAttribute('d', area);
  }

  /** The rule is dragged, and moved by the arrow keys. */
  private listenToRule(): void {
    const { plot, data } = this;
    plot.style.touchAction = 'none';
    plot.style.cursor = 'ew-resize';
    for (const [name, value] of Object.entries({
      tabindex: '0',
      role: 'slider',
      'aria-valuemin': '0',
      'aria-valuemax': '1',
    }))
      plot.setAttribute(name, value);
    const drag = (event: PointerEvent) => {
      const { left, width } = plot.getBoundingClientRect();
      const x = ((event.clientX - left) / width) * data.frame.width;
      this.moveTo((x - this.x(0)) / (this.x(1) - this.x(0)));
    };
    plot.addEventListener('pointerdown', (event) => {
      plot.setPointerCapture(event.pointerId);
      drag(event);
    });
    plot.addEventListener('pointermove', (event) => {
      if (event.buttons & 1) drag(event);
    });
    plot.addEventListener('keydown', (event) => {
      const move = { ArrowLeft: -0.01, ArrowRight: 0.01, PageDown: -0.1, PageUp: 0.1 }[event.key];
      if (move === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.moveTo(this.state.rule + move);
    });
  }

  private listenToControls(): void {
    this.part('best').addEventListener('click', () => this.moveTo(this.shown.best?.score ?? 0.5));
    const asked = this.part<HTMLInputElement>('asked');
    this.part('reach').addEventListener('click', () => this.reach(Number(asked.value)));
    asked.addEventListener('keydown', (event) => {
      // typing a number must not run the notebook's shortcuts
      event.stopPropagation();
      if (event.key === 'Enter') this.reach(Number(asked.value));
    });
    const iou = this.root.querySelector<HTMLSelectElement>('[data-part="iou"]');
    iou?.addEventListener('change', () => {
      this.state.iou = Number(iou.value);
      this.part('table').innerHTML = this.data.tables[this.state.iou];
      const title = this.part('envelope').closest('svg')?.querySelector('text[font-weight="600"]');
      if (title) title.textContent = `Precision and recall, IoU ${this.data.ious[this.state.iou].iou}`;
      this.listenToRows();
      this.drawSeries();
    });
    this.part<HTMLElement>('controls').hidden = false;
  }

  private listenToRows(): void {
    for (const row of this.root.querySelectorAll<HTMLElement>('tr[data-series]')) {
      row.tabIndex = 0;
      const show = () => {
        this.state.series = Number(row.dataset.series);
        this.drawSeries();
      };
      row.addEventListener('click', show);
      row.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') show();
      });
    }
  }
}

function showEvaluationCurves(root: HTMLElement, data: CurvesData): void {
  for (const child of [...root.children]) if (child.tagName !== 'SCRIPT') child.remove();
  const live = document.createElement('div');
  live.innerHTML = data.html;
  root.prepend(live);
  new EvaluationCurvesView(root, data);
}

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
  frame: { width: number; height: number; left: number; right: number; top: number; bottom: number };
  ious: { iou: number; series: CurveNumbers[] }[];
  /** Per IoU, where there are several: the table of classes. */
  tables: string[];
  /** Per IoU and series: the plot of calibration. */
  calibrations: string[][];
  colours: string[];
}

function showEvaluationCurves(root: HTMLElement, data: CurvesData): void {
  const part = <E extends Element>(name: string) => root.querySelector(`[data-part="${name}"]`) as E;
  const { frame, ious, tables, calibrations, colours } = data;
  const px = (x: number) => frame.left + x * (frame.width - frame.left - frame.right);
  const py = (y: number) => frame.top + (1 - y) * (frame.height - frame.top - frame.bottom);
  const path = (points: [number, number][]) =>
    points
      .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y))
      .map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${px(x).toFixed(1)} ${py(y).toFixed(1)}`)
      .join('');
  const digits = (value: number | null | undefined) =>
    value === null || value === undefined || !Number.isFinite(value) || value < 0 ? '–' : value.toFixed(3);
  const state = { iou: 0, series: 0, rule: 0 };
  const shown = (): CurveNumbers => ious[state.iou].series[state.series];

  /** Counts of the detections with at least this score. */
  const countsAt = (score: number) => {
    const { scores, trues, counted } = shown().counts;
    let at = -1;
    while (at + 1 < scores.length && scores[at + 1] >= score) at++;
    const [right, all] = at < 0 ? [0, 0] : [trues[at], counted[at]];
    const { positives } = shown();
    return { right, all, precision: right / all, recall: right / positives, f1: (2 * right) / (all + positives) };
  };

  const svg = part<SVGElement>('rule').ownerSVGElement as SVGSVGElement;
  const drawRule = (note = '') => {
    const { rule, series } = state;
    const { right, all, precision, recall, f1 } = countsAt(rule);
    const x = px(rule).toFixed(1);
    part('rule').setAttribute('d', `M${x} ${frame.top}V${py(0)}`);
    const wrong = all - right;
    part('numbers').textContent =
      `${note}score ${rule.toFixed(3)}: precision ${digits(precision)}, recall ${digits(recall)}, F1 ${digits(f1)} ` +
      `(${right} right, ${wrong} wrong, ${shown().positives - right} missed)`;
    // the mean of all classes has no point at a score
    const [dotX, dotY] = series === 0 || all === 0 ? [-1, -1] : [recall, precision];
    const dot = part('operating point');
    dot.setAttribute('cx', px(dotX).toFixed(1));
    dot.setAttribute('cy', py(dotY).toFixed(1));
    svg.setAttribute('aria-valuenow', rule.toFixed(3));
    svg.setAttribute('aria-valuetext', part('numbers').textContent ?? '');
  };
  const moveTo = (score: number, note = '') => {
    state.rule = Math.min(1, Math.max(0, score));
    drawRule(note);
  };

  const drawSeries = () => {
    const { series } = state;
    const { name, positives, ap, envelope, points, counts, band, best, calibration } = shown();
    const { scores, trues, counted } = counts;
    const steps = (value: (i: number) => number) =>
      path(
        scores.flatMap((score, i): [number, number][] => [
          [score, value(i)],
          [scores[i + 1] ?? 0, value(i)],
        ]),
      );
    part('name').textContent = `– ${name}`;
    part('ap').textContent = `AP ${digits(ap)} at IoU ${ious[state.iou].iou}`;
    const envelopePath = part('envelope');
    envelopePath.setAttribute('d', ap < 0 ? '' : path(envelope.map((value, r) => [r / 100, value])));
    envelopePath.setAttribute('stroke', colours[series]);
    part('raw').setAttribute('d', path(points));
    part('precision').setAttribute(
      'd',
      steps((i) => trues[i] / counted[i]),
    );
    part('recall').setAttribute(
      'd',
      steps((i) => trues[i] / positives),
    );
    part('f1').setAttribute(
      'd',
      steps((i) => (2 * trues[i]) / (counted[i] + positives)),
    );
    const even = (list: number[]) => list.map((value, i): [number, number] => [i / (list.length - 1), value]);
    part('band').setAttribute('d', band ? `${path([...even(band.low), ...even(band.high).reverse()])}Z` : '');
    for (const line of root.querySelectorAll('[data-part^="class "]')) {
      const own = ious[state.iou].series[Number(line.getAttribute('data-part')?.slice(6))];
      line.setAttribute('d', own.ap < 0 ? '' : path(own.envelope.map((value, r) => [r / 100, value])));
      line.setAttribute('stroke-opacity', series === 0 ? '0.8' : '0.2');
    }
    const text = part<HTMLElement>('calibration');
    text.textContent = `ECE ${digits(calibration.ece)}, MCE ${digits(calibration.mce)}, ${calibration.count.toLocaleString('en')} detections`;
    const old = text.parentElement?.querySelector('svg');
    if (old) old.outerHTML = calibrations[state.iou][series];
    for (const row of root.querySelectorAll<HTMLElement>('tr[data-series]')) {
      const isShown = Number(row.dataset.series) === series;
      row.style.fontWeight = isShown ? '600' : '';
      row.setAttribute('aria-selected', String(isShown));
    }
    moveTo(best?.score ?? 0.5);
  };

  const listenToRows = () => {
    for (const row of root.querySelectorAll<HTMLElement>('tr[data-series]')) {
      row.tabIndex = 0;
      const show = () => {
        state.series = Number(row.dataset.series);
        drawSeries();
      };
      row.addEventListener('click', show);
      row.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') show();
      });
    }
  };

  svg.style.touchAction = 'none';
  svg.style.cursor = 'ew-resize';
  svg.setAttribute('tabindex', '0');
  svg.setAttribute('role', 'slider');
  svg.setAttribute('aria-valuemin', '0');
  svg.setAttribute('aria-valuemax', '1');
  const drag = (event: PointerEvent) => {
    const { left, width } = svg.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * frame.width;
    moveTo((x - frame.left) / (frame.width - frame.left - frame.right));
  };
  svg.addEventListener('pointerdown', (event) => {
    svg.setPointerCapture(event.pointerId);
    drag(event);
  });
  svg.addEventListener('pointermove', (event) => {
    if (event.buttons & 1) drag(event);
  });
  svg.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: -0.01, ArrowRight: 0.01, PageDown: -0.1, PageUp: 0.1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    moveTo(state.rule + move);
  });

  part('best').addEventListener('click', () => moveTo(shown().best?.score ?? 0.5));
  part('reach').addEventListener('click', () => {
    const asked = Number(part<HTMLInputElement>('asked').value);
    const { scores, trues, counted } = shown().counts;
    let at = -1;
    let most = -1;
    for (let i = 0; i < scores.length; i++) {
      if (counted[i] === 0) continue;
      if (trues[i] / counted[i] >= asked) at = i;
      if (most < 0 || trues[i] / counted[i] >= trues[most] / counted[most]) most = i;
    }
    if (at >= 0) moveTo(scores[at]);
    else if (most >= 0) moveTo(scores[most], `a precision of ${asked} is never reached; the highest: `);
  });
  // typing a number must not run the notebook's shortcuts
  part('asked').addEventListener('keydown', (event) => event.stopPropagation());
  const iou = root.querySelector<HTMLSelectElement>('[data-part="iou"]');
  iou?.addEventListener('change', () => {
    state.iou = Number(iou.value);
    part('table').innerHTML = tables[state.iou];
    const title = part('envelope').closest('svg')?.querySelector('text[font-weight="600"]');
    if (title) title.textContent = `Precision and recall, IoU ${ious[state.iou].iou}`;
    listenToRows();
    drawSeries();
  });
  part<HTMLElement>('controls').hidden = false;
  listenToRows();
  drawSeries();
}

// Charts in place of their static images: in the colours and the width of the page, and in those of `fluid-chart.ts` with a vertical
// rule and the value of every line under the pointer. The values are read from the lines that are drawn.

function showChart(root: HTMLElement, { html }: { html: string }): void {
  const chart = document.createElement('div');
  chart.innerHTML = html;
  root.querySelector('img')?.replaceWith(chart);
  for (const plot of chart.querySelectorAll<HTMLElement>('.detlab-plot')) followPointer(plot);
  for (const mark of chart.querySelectorAll('[role="graphics-symbol"][aria-label]'))
    if (!/line|group|axis|legend|title/.test(mark.getAttribute('aria-roledescription') ?? '')) nameMark(mark);
}

/** The values of a mark of Vega, which its label has for readers, under the pointer too. */
function nameMark(mark: Element): void {
  const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  title.textContent = (mark.getAttribute('aria-label') ?? '').replaceAll('; ', '\n');
  mark.append(title);
  mark.setAttribute('pointer-events', 'all');
  for (let group = mark.parentElement; group && group.tagName !== 'svg'; group = group.parentElement)
    if (group.getAttribute('pointer-events') === 'none') group.removeAttribute('pointer-events');
}

interface DrawnLine {
  name: string;
  color: string;
  points: { x: number; y: number }[];
}

/** The points of a path of M, L, H and V with absolute coordinates, as shares of the plot. */
function pathPoints(path: SVGPathElement, units: number): DrawnLine['points'] {
  let [x, y] = [0, 0];
  const points: DrawnLine['points'] = [];
  for (const [, command, numbers] of (path.getAttribute('d') ?? '').matchAll(/([MLHV])([^MLHV]*)/g)) {
    const [a, b] = numbers.split(',').map(Number);
    if (command === 'H') x = a;
    else if (command === 'V') y = a;
    else [x, y] = [a, b];
    // the corner of a step belongs to the value before it
    if (command !== 'H') points.push({ x: x / units, y: 1 - y / units });
  }
  return points;
}

function followPointer(plot: HTMLElement): void {
  const svg = plot.querySelector('svg');
  if (!svg) return;
  const domain = (name: string) => (plot.dataset[name] ?? '0,1').split(',').map(Number) as [number, number];
  const [xDomain, yDomain] = [domain('x'), domain('y')];
  const lines = [...svg.querySelectorAll<SVGPathElement>('path[data-name]')].map((path) => ({
    name: path.dataset.name ?? '',
    color: path.getAttribute('stroke') ?? '',
    points: pathPoints(path, svg.viewBox.baseVal.width),
  }));
  const rule = plot.appendChild(document.createElement('div'));
  rule.style.cssText =
    'position:absolute;top:0;bottom:0;width:0;border-left:1px solid;opacity:.4;display:none;pointer-events:none';
  const tip = plot.appendChild(document.createElement('div'));
  tip.style.cssText =
    'position:absolute;top:0;display:none;pointer-events:none;z-index:1;padding:4px 8px;border-radius:4px;white-space:nowrap;' +
    'color:#f8f9fa;background:rgba(33,37,41,.94);line-height:1.45';
  const value = (part: number, [low, high]: [number, number]) => {
    const number = low + part * (high - low);
    return Math.abs(number) < 1e-3 && number !== 0 ? number.toExponential(2) : String(Number(number.toPrecision(4)));
  };
  plot.addEventListener('pointermove', (event) => {
    const box = plot.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width;
    const found = lines.flatMap(({ name, color, points }) => {
      const nearest = points.reduce<{ x: number; y: number } | undefined>(
        (best, point) => (best && Math.abs(best.x - at) <= Math.abs(point.x - at) ? best : point),
        undefined,
      );
      return nearest ? [{ name, color, ...nearest }] : [];
    });
    if (found.length === 0) return;
    const x = found[0].x;
    const rows = found.map(({ name, color, y }) => {
      const row = document.createElement('div');
      const mark = row.appendChild(document.createElement('span'));
      mark.style.cssText = `display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:6px;background:${color}`;
      row.append(`${name} ${value(y, yDomain)}`);
      return row;
    });
    const title = document.createElement('div');
    title.textContent = `${plot.dataset.xTitle ?? ''} ${value(x, xDomain)}`;
    tip.replaceChildren(title, ...rows);
    const isRight = x > 0.5;
    tip.style.left = isRight ? '' : `calc(${100 * x}% + 10px)`;
    tip.style.right = isRight ? `calc(${100 * (1 - x)}% + 10px)` : '';
    rule.style.left = `${100 * x}%`;
    tip.style.display = rule.style.display = 'block';
  });
  plot.addEventListener('pointerleave', () => {
    tip.style.display = rule.style.display = 'none';
  });
}

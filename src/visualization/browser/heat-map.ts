// A confusion matrix to click on: a cell shows its images and, of their boxes, those that it counts; a switch changes between counts
// and shares of the row.

interface HeatMapData {
  names: string[];
  /** Texts of all cells, row by row: counts, shares. */
  texts: [string[], string[]];
  isNormalized: boolean;
  /** By "row,column": how many it counts, and [image, ...boxes] of those that are kept. */
  cells: Record<string, { count: number; images: [number, ...number[]][] }>;
  /** Of live-images.ts, which is before this script where there are images. */
  images: LiveImagesData | null;
}

function showHeatMap(root: HTMLElement, data: HeatMapData): void {
  const part = <T extends HTMLElement>(name: string) => root.querySelector<T>(`.detlab-heat-${name}`);
  const cells = [...root.querySelectorAll<HTMLTableCellElement>('td[data-n]')];
  const size = data.names.length;
  const toggle = part<HTMLInputElement>('shares');
  const say = part('say');
  const holder = part<HTMLDetailsElement>('images');
  let handle: LiveImagesHandle | undefined;

  const write = (isNormalized: boolean) => {
    for (const cell of cells)
      cell.textContent = data.texts[isNormalized ? 1 : 0][Number(cell.dataset.r) * size + Number(cell.dataset.c)];
  };
  if (toggle) {
    toggle.parentElement!.hidden = false;
    toggle.checked = data.isNormalized;
    toggle.addEventListener('change', () => write(toggle.checked));
  }

  const show = (cell: HTMLTableCellElement) => {
    for (const other of cells) other.setAttribute('aria-selected', String(other === cell));
    const known = data.cells[`${cell.dataset.r},${cell.dataset.c}`];
    const images = known?.images ?? [];
    if (say)
      say.textContent = `${cell.title}. ${images.length === 0 ? 'None of its images is kept here' : `Images kept here: ${images.length}`}`;
    if (!holder) return;
    holder.hidden = images.length === 0;
    holder.open = true;
    if (images.length === 0 || !data.images) return;
    handle ??= showLiveImages(holder, data.images);
    const boxes = new Map(images.map(([image, ...list]) => [image, new Set(list)]));
    handle.select(
      images.map(([image]) => image),
      (image, box) => boxes.get(image)?.has(box) ?? false,
    );
  };
  if (holder) holder.hidden = true;
  for (const cell of cells) {
    cell.tabIndex = 0;
    cell.addEventListener('click', () => show(cell));
    cell.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        show(cell);
      }
    });
  }
}

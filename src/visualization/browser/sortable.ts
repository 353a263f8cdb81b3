// Tables whose rows are sorted by a click on a column's title: numbers by value, texts by alphabet, a second click reverses.

/** Makes every table inside `root` that has the class `detlab-sortable` sortable; cells may give their value as `data-value`. */
function makeTablesSortable(root: HTMLElement): void {
  for (const table of root.querySelectorAll<HTMLTableElement>('table.detlab-sortable')) makeTableSortable(table);
}

function makeTableSortable(table: HTMLTableElement): void {
  const titles = [...table.querySelectorAll<HTMLTableCellElement>('thead th')];
  const body = table.tBodies[0];
  const cellValue = (row: HTMLTableRowElement, column: number): string =>
    row.cells[column]?.dataset.value ?? row.cells[column]?.textContent ?? '';
  for (const [column, title] of titles.entries()) {
    title.style.cursor = 'pointer';
    title.tabIndex = 0;
    const sort = () => {
      const descending = title.getAttribute('aria-sort') === 'ascending';
      for (const other of titles) other.removeAttribute('aria-sort');
      title.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      const compare = (a: HTMLTableRowElement, b: HTMLTableRowElement) => {
        const [x, y] = [cellValue(a, column), cellValue(b, column)];
        const [p, q] = [Number.parseFloat(x), Number.parseFloat(y)];
        // rows without a number come last, in either direction
        if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) ? 1 : -1;
        const order = Number.isNaN(p) ? x.localeCompare(y) : p - q;
        return descending ? -order : order;
      };
      body.append(...[...body.rows].sort(compare));
    };
    title.addEventListener('click', sort);
    title.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') sort();
    });
  }
}

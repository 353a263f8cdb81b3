// The part of the map of an enlarged RoI that the heatmap of each grid point covers: half the side, around where the point may be.

/** Left and top of the part of each point, column by column. */
export function subRegions(grid: number, mapSize: number): [number, number][] {
  const half = Math.floor(mapSize / 4) * 2;
  const from = (index: number) => {
    if (index === 0) return 0;
    if (index === grid - 1) return half;
    return Math.max(Math.trunc((index / (grid - 1) - 0.25) * mapSize), 0);
  };
  return Array.from({ length: grid * grid }, (_, p) => [from(Math.floor(p / grid)), from(p % grid)]);
}

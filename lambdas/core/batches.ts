/** The items in order, at most `most` together, for requests and messages that take no more; none of no items. */
export const batchesOf = <T>(items: readonly T[], most: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / most) }, (_, nth) =>
    items.slice(nth * most, (nth + 1) * most),
  );
